#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace {

// A JSON value under construction; the JSON library stays behind it. Objects keep the order in
// which members are set. Not thread-safe.
class Json {
 public:
  Json() : text_("null") {}
  static Json String(std::string_view value);  // invalid UTF-8 becomes U+FFFD
  static Json Number(double value);
  static Json Number(std::uint64_t value);
  static Json Bool(bool value);

  static Json Array(const std::vector<Json>& items);
  static Json Object(const std::vector<std::pair<std::string, Json>>& members);

  [[nodiscard]] const std::string& Text() const { return text_; }

 private:
  explicit Json(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The text member `name` of the JSON object in `json`; nothing if it is no such object. Never
// throws.
std::optional<std::string> TextMember(std::string_view json, std::string_view name);

}  // namespace headrace
