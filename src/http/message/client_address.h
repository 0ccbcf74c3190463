#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message/request_head.h"

namespace headrace {

// An IPv4 or IPv6 address; the former as its mapped form (RFC 4291, 2.5.5.2), so that both ways to
// write one are equal. Value type.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  // "192.0.2.1" or "2001:db8::1", without brackets, port and zone.
  static std::optional<IpAddress> Parse(std::string_view text);
  [[nodiscard]] bool IsIpv4() const;
  [[nodiscard]] std::string Text() const;
  bool operator==(const IpAddress& other) const { return bytes == other.bytes; }
  bool operator<(const IpAddress& other) const { return bytes < other.bytes; }
};

// The field in which trusted proxies name their client; the other one may be the client's own.
enum class ClientAddressHeader { kXForwardedFor, kForwarded };

// The proxies whose word about their clients is taken. Immutable, thread-safe.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // none

  // "10.0.0.0/8, 2001:db8::/32, 127.0.0.1"; kInvalidArgument names the item that is no address or
  // network. `header` is the one that they write; no other is looked at.
  static Expected<TrustedProxies> Parse(
      std::string_view list, ClientAddressHeader header = ClientAddressHeader::kXForwardedFor);

  [[nodiscard]] bool Has(const IpAddress& address) const;

  // On whose behalf a request came: its peer, or, where that is a trusted proxy, the last address
  // in their header that is none. What stands left of it may be the client's invention. A proxy if
  // there is no such address, or if one of them names none ("unknown").
  [[nodiscard]] IpAddress ClientOf(const IpAddress& peer, const RequestHead& head) const;

 private:
  struct Network {
    IpAddress address;
    std::size_t bits = 128;  // of the mapped form
  };
  std::vector<Network> networks_;
  ClientAddressHeader header_ = ClientAddressHeader::kXForwardedFor;
};

}  // namespace headrace
