// The parameter `pages` as a client may write it: parsing and selecting keep what page_ranges.h
// promises.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "handler/pdf/page_ranges.h"
#include "handler/pdf/pdf_info.h"

namespace {

void Require(bool promise) {
  if (!promise) std::abort();
}

void Check(const headrace::PageRanges& ranges, int count) {
  constexpr int kLimit = 50;
  int bad_page = -1;
  const auto pages = ranges.Select(count, kLimit, &bad_page);
  if (!pages) {
    Require(bad_page == 0 || bad_page > count);
    return;
  }
  Require(!pages->empty() && pages->size() <= kLimit + 1);
  const std::set<int> distinct(pages->begin(), pages->end());
  Require(distinct.size() == pages->size());
  Require(*distinct.begin() >= 1 && *distinct.rbegin() <= count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ranges = headrace::PageRanges::Parse(text);
  const headrace::Params params{{"format", "png"}, {"pages", std::string(text)}};
  Require(ranges.ok() == !headrace::PdfHandlerInfo().check(params).has_value());
  if (!ranges) {
    Require(!ranges.error().hint.empty());
    return 0;
  }
  for (const int count : {1, 7, 2'000'000'000}) Check(*ranges, count);
  return 0;
}
