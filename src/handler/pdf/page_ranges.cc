#include "handler/pdf/page_ranges.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/words.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxRanges = 500;

Error Malformed(std::string_view item) {
  return {ErrorCode::kUnprocessable,
          "invalid-params",
          fmt::format("'{}' is no page and no range of pages; write for example 1-3,7,last", item),
          {}};
}

// A page number from 1, or `last`.
std::optional<int> ParsePage(std::string_view text, int last) {
  if (text == "last") return last;
  const auto page = ParseNumberAll<int>(text);
  return page && *page >= 1 ? page : std::nullopt;
}

// Adds those pages that are not in yet, until there are `most`.
void AppendNew(int first, int last, std::size_t most, std::set<int>* seen,
               std::vector<int>* pages) {
  for (int page = first; page <= last && pages->size() < most; ++page) {
    if (seen->insert(page).second) pages->push_back(page);
  }
}

}  // namespace

Expected<PageRanges> PageRanges::Parse(std::string_view text) {
  PageRanges parsed;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    const auto dash = item.find('-');
    const auto first = ParsePage(item.substr(0, dash), kLast);
    if (!first || parsed.ranges_.size() == kMaxRanges) return Malformed(item);
    if (dash == std::string_view::npos) {
      parsed.ranges_.push_back({*first, *first});
      continue;
    }
    const std::string_view rest = item.substr(dash + 1);
    const auto last = rest.empty() ? std::optional(kLast) : ParsePage(rest, kLast);
    if (!last) return Malformed(item);
    parsed.ranges_.push_back({*first, *last});
  }
  return parsed;
}

std::optional<std::vector<int>> PageRanges::Select(int count, int limit, int* bad_page) const {
  const auto page_of = [count](int written) { return written == kLast ? count : written; };
  std::vector<int> pages;
  std::set<int> seen;
  for (const Range& range : ranges_) {
    const int first = page_of(range.first);
    const int last = page_of(range.last);
    *bad_page = first > count ? first : 0;
    if (*bad_page == 0 && last > count) *bad_page = last;
    if (*bad_page != 0 || first > last) return std::nullopt;
    AppendNew(first, last, static_cast<std::size_t>(limit) + 1, &seen, &pages);
  }
  return pages;
}

}  // namespace headrace
