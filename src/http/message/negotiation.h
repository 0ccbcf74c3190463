#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

// An Accept field (RFC 9110, 12.5.1), taken apart. An empty one accepts everything. Its views point
// into the text it was made of.
class Accept {
 public:
  explicit Accept(std::string_view field);

  // 0 (not acceptable) to 1000; the most specific range decides. Parameters other than q are
  // ignored.
  [[nodiscard]] int Quality(std::string_view media_type) const;

  // Whether the field names exactly this type, not by a wildcard: its quality, else 0.
  [[nodiscard]] int ExplicitQuality(std::string_view media_type) const;

  // Whether the field names exactly this type, and nothing else that it likes as much.
  [[nodiscard]] bool Prefers(std::string_view media_type) const;

  // The index of the offer the client likes best, the first of equals; nothing if it accepts none.
  [[nodiscard]] std::optional<std::size_t> Best(std::span<const std::string_view> offers) const;

 private:
  struct Range {
    std::string_view type;     // "image" or "*"
    std::string_view subtype;  // "png" or "*"
    int quality = 1000;
  };
  std::vector<Range> ranges_;
};

}  // namespace headrace
