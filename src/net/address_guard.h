#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace headrace {

// Why no connection may be made to the address, as words for the operator ("loopback"); empty: it
// may. `size` bytes of it are there. Refused is what is no public unicast address of the Internet,
// also where it hides in an IPv6 address (IPv4-mapped, NAT64, 6to4, Teredo). `allow_private` allows
// networks of one's own: private, loopback, unique-local, carrier-grade NAT, documentation,
// benchmarks, reserved. It never allows link-local addresses (clouds hand out credentials there),
// multicast, broadcast, "this network", the unspecified address or another family. Sources: RFC
// 6890 and the IANA registries of special-purpose addresses it made. Thread-safe.
//
// For the place where a socket is opened: what is judged is the very address that is connected to,
// so a name that resolves to something else the next time gains nothing.
[[nodiscard]] std::string_view AddressRefusal(const sockaddr* address, socklen_t size,
                                              bool allow_private);

// The text of an IPv4 or IPv6 address (without brackets or zone) as the one that all ways to write
// it have in common; nothing if it is none.
[[nodiscard]] std::optional<std::string> CanonicalAddress(std::string_view text);

// The same as above for the text of an address; empty if it is none.
[[nodiscard]] std::string_view AddressRefusal(const std::string& text, bool allow_private);

}  // namespace headrace
