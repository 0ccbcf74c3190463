// A form's parts lie within its body, whatever the body is.
#include "http/multipart.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto parts = headrace::ParseMultipart("multipart/form-data; boundary=b", body);
  if (!parts) return 0;
  for (const headrace::FormPart& part : *parts) {
    if (part.offset > size || part.length > size - part.offset) std::abort();
  }
  return 0;
}
