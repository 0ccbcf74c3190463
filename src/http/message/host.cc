#include "http/message/host.h"

#include <cstdint>

#include "base/words.h"
#include "http/message/chars.h"
#include "http/message/client_address.h"

namespace headrace {
namespace {

bool IsNameChar(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+;=";  // unreserved, and sub-delims but the comma
  return (c >= '0' && c <= '9') || (ToLower(c) >= 'a' && ToLower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

// A registered name or an IPv4 address: the grammar does not tell them apart.
bool IsName(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    const bool escape = text[0] == '%';
    if (escape && (text.size() < 3 || HexValue(text[1]) < 0 || HexValue(text[2]) < 0)) return false;
    if (!escape && !IsNameChar(text[0])) return false;
    text.remove_prefix(escape ? 3 : 1);
  }
  return true;
}

// ":8080", ":" (the scheme's own) or nothing.
bool IsPortOrNothing(std::string_view text) {
  if (text.empty() || text == ":") return true;
  return text[0] == ':' && ParseNumberAll<std::uint16_t>(text.substr(1));
}

}  // namespace

HostParts SplitHost(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : text.find(':');
  const std::string_view address = text.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0));
  const auto colon = text.find(':', bracketed ? end : 0);
  if (colon == std::string_view::npos) return {address, std::nullopt};
  return {address, ParseNumberAll<std::uint16_t>(text.substr(colon + 1))};
}

bool IsHost(std::string_view text) {
  if (text.substr(0, 1) != "[") {
    const std::string_view name = text.substr(0, text.find(':'));
    return IsName(name) && IsPortOrNothing(text.substr(name.size()));
  }
  const auto end = text.find(']');
  if (end == std::string_view::npos) return false;
  const std::string_view address = text.substr(1, end - 1);
  return address.find(':') != std::string_view::npos && IpAddress::Parse(address) &&
         IsPortOrNothing(text.substr(end + 1));
}

}  // namespace headrace
