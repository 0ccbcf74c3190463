// What a service may send to its client: multipart results, events, statuses and names of files, of
// any bytes in any pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "client/file_names.h"
#include "client/job_view.h"
#include "client/mixed_parser.h"
#include "client/sse_parser.h"

namespace {

class Counter final : public headrace::PartTaker {
 public:
  headrace::Status BeginPart(std::string_view name) override {
    Check(name);
    return headrace::Ok();
  }
  headrace::Status WritePart(std::string_view bytes) override {
    text += bytes;
    return headrace::Ok();
  }
  headrace::Status EndPart() override {
    text += '|';
    return headrace::Ok();
  }
  static void Check(std::string_view name) {
    const std::string safe = headrace::SafeFileName(name);
    const bool bad = safe.empty() || safe.size() > 200 || safe.front() == '.' ||
                     safe.find('/') != std::string::npos || safe.find('\0') != std::string::npos;
    if (bad) std::abort();
  }

  std::string text;
};

std::string Mixed(std::string_view bytes, std::size_t step) {
  Counter counter;
  headrace::MixedParser parser("b", counter);
  bool good = true;
  for (std::size_t at = 0; at < bytes.size() && good; at += step) {
    good = parser.Feed(bytes.substr(at, step)).ok();
  }
  if (!good || !parser.Finish().ok()) return "broken";
  return counter.text;
}

std::string Events(std::string_view bytes, std::size_t step) {
  std::string text;
  headrace::SseParser parser([&](const headrace::ServerEvent& event) {
    text += event.id + '|' + event.type + '|' + event.data + '\n';
  });
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    static_cast<void>(parser.Feed(bytes.substr(at, step)));
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t step = data[0] % 16U + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (Mixed(bytes, step) != Mixed(bytes, size)) std::abort();
  if (Events(bytes, step) != Events(bytes, size)) std::abort();
  Counter::Check(bytes);
  static_cast<void>(headrace::BoundaryOf(bytes));
  if (const auto job = headrace::ReadJobView(bytes)) {
    const std::string text = headrace::DescribeJob(*job) + headrace::FailureText(*job);
    if (text.find('\x1b') != std::string::npos) std::abort();
  }
  return 0;
}
