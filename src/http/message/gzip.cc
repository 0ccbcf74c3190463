#include "http/message/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr int kFastest = 1;
constexpr std::size_t kWorthPacking = 1024;  // bytes of a text

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
using Compressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

// "q=0", "q=0.0" and so on: explicitly not wanted.
bool IsRefused(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = NextItem(parameters, ';');
    if (!StartsWithIgnoreCase(parameter, "q=")) continue;
    parameter.remove_prefix(2);
    return parameter.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  for (std::string_view item : SplitList(accept_encoding)) {
    const std::string_view coding = NextItem(item, ';');
    if (EqualsIgnoreCase(coding, "gzip") || EqualsIgnoreCase(coding, "x-gzip")) {
      return !IsRefused(item);
    }
    if (coding == "*") any = !IsRefused(item);
  }
  return any;
}

std::string Gzip(std::string text) {
  thread_local const Compressor kCompressor(libdeflate_alloc_compressor(kFastest));
  if (!kCompressor) return text;
  std::string packed(text.size(), '\0');
  const std::size_t size = libdeflate_gzip_compress(kCompressor.get(), text.data(), text.size(),
                                                    packed.data(), packed.size());
  if (size == 0) return text;  // it does not fit into as many bytes
  packed.resize(size);
  return packed;
}

void PackText(Answer& answer, std::string_view accept_encoding) {
  if (answer.text.size() < kWorthPacking) return;
  answer.Add("Vary", "Accept-Encoding");
  if (!AcceptsGzip(accept_encoding)) return;
  const std::size_t before = answer.text.size();
  answer.text = Gzip(std::move(answer.text));
  if (answer.text.size() < before) answer.Add("Content-Encoding", "gzip");
}

}  // namespace headrace
