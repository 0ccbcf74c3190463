#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace {

// Whether the text is host[:port] as Host and the authority of an http URI have it (RFC 9110, 7.2
// and 4.2; RFC 3986, 3.2.2): a name or an IPv4 address, or an IPv6 address in brackets, and a port
// up to 65535 or none. Stricter than the grammar in what could be taken for two hosts or none: no
// comma, no empty host, no user before an '@'.
bool IsHost(std::string_view text);

// The parts of a text that IsHost: the name or address, without brackets, and the port; nothing
// where it says none.
struct HostParts {
  std::string_view address;
  std::optional<std::uint16_t> port;
};
HostParts SplitHost(std::string_view text);

}  // namespace headrace
