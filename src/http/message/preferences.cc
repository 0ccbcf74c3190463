#include "http/message/preferences.h"

#include <algorithm>

#include "base/words.h"
#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr int kMaxWait = 86'400;  // seconds
constexpr std::size_t kMaxKey = 255;

// Without blanks around it and, if it has both, its quotes.
std::string_view Unquoted(std::string_view field) {
  const std::string_view text = TrimSpace(field);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

struct Setting {
  std::string_view name;
  std::string_view value;
};

// One member of a list, `name[=value][;parameters]`; the parameters are of no use here.
Setting ParseSetting(std::string_view item) {
  item = TrimSpace(item.substr(0, item.find(';')));
  const auto equals = item.find('=');
  if (equals == std::string_view::npos) return {item, {}};
  return {TrimSpace(item.substr(0, equals)), Unquoted(item.substr(equals + 1))};
}

}  // namespace

Preferences ParsePrefer(std::string_view field) {
  Preferences preferences;
  for (const std::string_view item : SplitList(field)) {
    const auto [name, value] = ParseSetting(item);
    if (EqualsIgnoreCase(name, "respond-async")) preferences.respond_async = true;
    if (!EqualsIgnoreCase(name, "wait") || preferences.wait) continue;
    const auto seconds = ParseNumberAll<int>(value);
    if (seconds && *seconds >= 0) {
      preferences.wait = std::chrono::seconds(std::min(*seconds, kMaxWait));
    }
  }
  return preferences;
}

std::optional<int> ParseUrgency(std::string_view field) {
  std::optional<int> urgency;
  for (const std::string_view item : SplitList(field)) {
    const auto [name, value] = ParseSetting(item);
    if (name != "u") continue;
    const auto number = ParseNumberAll<int>(value);
    urgency = number && *number >= 0 && *number <= 7 ? number : std::nullopt;  // the last counts
  }
  return urgency;
}

Expected<std::optional<std::string>> ParseIdempotencyKey(std::string_view field) {
  if (field.empty()) return std::optional<std::string>();
  const std::string_view key = Unquoted(field);
  const bool visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.empty() || key.size() > kMaxKey || !visible) {
    return Error{ErrorCode::kInvalidArgument, "bad-idempotency-key",
                 "Idempotency-Key is not 1 to 255 visible ASCII characters, such as a UUID", "", 0};
  }
  return std::optional<std::string>(key);
}

}  // namespace headrace
