#include "client/sse_parser.h"

#include <utility>

namespace headrace {

// A line ends with CR LF, LF or CR.
bool SseParser::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    const std::string_view some = bytes.substr(0, end);
    if (line_.size() + some.size() + event_.data.size() > kMostBytes) return false;
    line_ += some;
    if (end == std::string_view::npos) return true;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    Line(std::exchange(line_, {}));
  }
  return true;
}

void SseParser::Line(std::string_view line) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (!std::exchange(begun_, true) && line.starts_with(kMark)) line.remove_prefix(kMark.size());
  if (line.empty()) return Dispatch();
  const auto colon = line.find(':');
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  Field(line.substr(0, colon), value);
}

void SseParser::Field(std::string_view name, std::string_view value) {
  if (name == "event") event_.type = value;
  if (name == "id" && value.find('\0') == std::string_view::npos) event_.id = value;
  if (name != "data") return;
  if (std::exchange(has_data_, true)) event_.data += '\n';
  event_.data += value;
}

void SseParser::Dispatch() {
  if (event_.type.empty()) event_.type = "message";
  if (std::exchange(has_data_, false)) take_(event_);
  event_.type.clear();
  event_.data.clear();
}

}  // namespace headrace
