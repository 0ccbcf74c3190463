#include "http/message/range.h"

#include <algorithm>

#include "base/words.h"
#include "http/message/chars.h"

namespace headrace {
RangeKind ParseRange(std::string_view field, std::uint64_t size, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!StartsWithIgnoreCase(field, kUnit)) return RangeKind::kWhole;
  const std::string_view spec = TrimSpace(field.substr(kUnit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) {
    return RangeKind::kWhole;
  }
  const std::string_view before = spec.substr(0, dash);
  const auto last = ParseNumberAll<std::uint64_t>(spec.substr(dash + 1));
  if (before.empty()) {  // so many from the end
    if (!last) return RangeKind::kWhole;
    if (*last == 0 || size == 0) return RangeKind::kUnsatisfiable;
    range.length = std::min(*last, size);
    range.first = size - range.length;
    return RangeKind::kPart;
  }
  const auto first = ParseNumberAll<std::uint64_t>(before);
  const bool open = dash + 1 == spec.size();
  if (!first || (!open && (!last || *last < *first))) return RangeKind::kWhole;
  if (*first >= size) return RangeKind::kUnsatisfiable;
  range.first = *first;
  range.length = (open ? size - 1 : std::min(*last, size - 1)) - *first + 1;
  return RangeKind::kPart;
}

bool MatchesTag(std::string_view list, std::string_view tag) {
  const auto tags = SplitList(list);
  return std::any_of(tags.begin(), tags.end(), [tag](std::string_view one) {
    if (one == "*") return true;
    if (one.substr(0, 2) == "W/") one.remove_prefix(2);
    return one == tag;
  });
}

}  // namespace headrace
