#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

struct HeaderField {
  std::string_view name;   // as sent
  std::string_view value;  // without the white space around it
};

// A request's line and fields, checked but not decoded. All views point into the parser's buffer
// and hold until it is reset for the next request.
struct RequestHead {
  std::string_view method;
  std::string_view
      path;  // "/..." or "*", percent-encoded; the scheme and host of an absolute form are gone
  std::string_view query;  // what follows the '?', percent-encoded
  bool http11 = true;      // else HTTP/1.0
  std::vector<HeaderField> fields;

  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;  // the client's wish, its version's default included
  bool expect_continue = false;

  // The first field of that name (case-insensitive), or empty.
  [[nodiscard]] std::string_view Find(std::string_view name) const;
  // All fields of that name as one comma-separated list (RFC 9110, 5.3), or empty.
  [[nodiscard]] std::string List(std::string_view name) const;
  // Whether that list has that token (case-insensitive).
  [[nodiscard]] bool Lists(std::string_view name, std::string_view token) const;
  [[nodiscard]] bool HasBody() const { return chunked || content_length.value_or(0) > 0; }
};

}  // namespace headrace
