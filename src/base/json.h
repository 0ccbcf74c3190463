#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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

// A JSON value that was read. A whole number from 0 to 2^64-1 is a uint64_t, any other a double.
// The members of an object are in the order of their names; of two with one name the later one is
// left.
struct JsonValue {
  struct Member;
  using Array = std::vector<JsonValue>;
  using Object = std::vector<Member>;
  std::variant<std::nullptr_t, bool, std::uint64_t, double, std::string, Array, Object> value;

  // Null if it is of another type.
  template <class T>
  [[nodiscard]] const T* As() const {
    return std::get_if<T>(&value);
  }
};

struct JsonValue::Member {
  std::string name;
  JsonValue value;
};

// Nothing if it is not JSON, or nested deeper than 64. Never throws.
std::optional<JsonValue> ParseJson(std::string_view text);

// The text member `name` of the JSON object in `json`; nothing if it is no such object. Never
// throws.
std::optional<std::string> TextMember(std::string_view json, std::string_view name);

}  // namespace headrace
