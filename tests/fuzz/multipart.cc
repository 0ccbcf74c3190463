// A form comes to the same parts in whatever portions it comes.
#include "http/message/multipart.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

// The form written down: for each part its name and bytes.
struct Transcript final : headrace::FormSink {
  headrace::Status OnPart(headrace::FormPart part) override {
    text += "\npart " + part.name + (part.is_file ? " file " : " field ") + part.media_type + " ";
    return headrace::Ok();
  }
  headrace::Status OnPartBytes(std::string_view bytes) override {
    text += bytes;
    return headrace::Ok();
  }
  std::string text;
};

bool Read(std::string_view body, std::size_t portion, Transcript& transcript) {
  headrace::FormReader reader("b", transcript);
  while (!body.empty()) {
    if (!reader.Feed(body.substr(0, portion))) return false;
    body.remove_prefix(portion < body.size() ? portion : body.size());
  }
  return reader.Finish().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  Transcript whole;
  Transcript parts;
  const bool ok = Read(body, SIZE_MAX, whole);
  if (ok != Read(body, data[0] % 16U + 1, parts) || whole.text != parts.text) std::abort();
  static_cast<void>(headrace::FormBoundary(body).ok());
  return 0;
}
