#include "http/message/negotiation.h"

#include <algorithm>

#include "http/message/chars.h"

namespace headrace {
namespace {

// "0.5" -> 500; malformed weights count as 1, as if they were not there.
int ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 1000;
  if (text.size() > 1 && text[1] != '.') return 1000;
  int value = (text[0] - '0') * 1000;
  int scale = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 1000;
    value += (c - '0') * scale;
    scale /= 10;
  }
  return std::min(value, 1000);
}

}  // namespace

Accept::Accept(std::string_view field) {
  while (!field.empty()) {
    std::string_view item = NextItem(field, ',');
    const std::string_view name = NextItem(item, ';');
    const auto slash = name.find('/');
    if (slash == std::string_view::npos) continue;
    Range range{name.substr(0, slash), name.substr(slash + 1)};
    while (!item.empty()) {
      const std::string_view parameter = NextItem(item, ';');
      if (StartsWithIgnoreCase(parameter, "q=")) range.quality = ParseQuality(parameter.substr(2));
    }
    ranges_.push_back(range);
  }
}

int Accept::Quality(std::string_view media_type) const {
  if (ranges_.empty()) return 1000;
  const std::string_view essence = TrimSpace(media_type.substr(0, media_type.find(';')));
  const std::string_view type = essence.substr(0, essence.find('/'));
  const std::string_view subtype = essence.substr(std::min(type.size() + 1, essence.size()));
  int quality = 0;
  int specificity = -1;
  for (const auto& range : ranges_) {
    const bool any_type = range.type == "*";
    const bool any_subtype = range.subtype == "*";
    if (!any_type && !EqualsIgnoreCase(range.type, type)) continue;
    if (!any_subtype && !EqualsIgnoreCase(range.subtype, subtype)) continue;
    const int specific = (any_type ? 0 : 1) + (any_subtype ? 0 : 1);
    if (specific > specificity) {
      specificity = specific;
      quality = range.quality;
    }
  }
  return quality;
}

int Accept::ExplicitQuality(std::string_view media_type) const {
  const bool named = std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const std::string_view type = media_type.substr(0, media_type.find('/'));
    return EqualsIgnoreCase(range.type, type) &&
           EqualsIgnoreCase(range.subtype, media_type.substr(type.size() + 1));
  });
  return named ? Quality(media_type) : 0;
}

bool Accept::Prefers(std::string_view media_type) const {
  const int quality = ExplicitQuality(media_type);
  const auto as_much = std::count_if(ranges_.begin(), ranges_.end(),
                                     [&](const Range& range) { return range.quality >= quality; });
  return quality > 0 && as_much == 1;
}

std::optional<std::size_t> Accept::Best(std::span<const std::string_view> offers) const {
  std::optional<std::size_t> best;
  int best_quality = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const int quality = Quality(offers[i]);
    if (quality > best_quality) {
      best = i;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace headrace
