#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace headrace {

struct ServerEvent {
  std::string id;    // of the last event that had one
  std::string type;  // "message" where none is given
  std::string data;  // its lines, with \n between them
};

// Takes server-sent events apart as their bytes come (HTML, 9.2.6). Comments, `retry`, events
// without data, and an event that is not complete at the end are dropped, as it demands. Not
// thread-safe.
class SseParser {
 public:
  using Take = std::function<void(const ServerEvent&)>;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of an event

  explicit SseParser(Take take) : take_(std::move(take)) {}

  // False: an event is longer than kMostBytes.
  bool Feed(std::string_view bytes);

 private:
  void Line(std::string_view line);
  void Field(std::string_view name, std::string_view value);
  void Dispatch();

  const Take take_;
  std::string line_;  // begun
  bool after_cr_ = false;
  bool begun_ = false;  // the first line, which may have a byte order mark, has come
  bool has_data_ = false;
  ServerEvent event_;
};

}  // namespace headrace
