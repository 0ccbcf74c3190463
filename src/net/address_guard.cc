#include "net/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace headrace {
namespace {

// Who may be connected to with `allow_private`.
enum class Reach {
  kPrivate,  // one's own network
  kNever,    // nobody's server lives there
};

struct V4Block {
  std::array<std::uint8_t, 4> prefix;
  unsigned bits;
  Reach reach;
  const char* name;
};

// The first one that matches decides.
constexpr V4Block kV4Blocks[] = {
    {{0, 0, 0, 0}, 8, Reach::kNever, "this network"},              // RFC 791, 3.2
    {{10, 0, 0, 0}, 8, Reach::kPrivate, "private"},                // RFC 1918
    {{100, 64, 0, 0}, 10, Reach::kPrivate, "carrier-grade NAT"},   // RFC 6598
    {{127, 0, 0, 0}, 8, Reach::kPrivate, "loopback"},              // RFC 1122, 3.2.1.3
    {{169, 254, 0, 0}, 16, Reach::kNever, "link-local"},           // RFC 3927
    {{172, 16, 0, 0}, 12, Reach::kPrivate, "private"},             // RFC 1918
    {{192, 0, 0, 0}, 24, Reach::kPrivate, "protocol assignment"},  // RFC 6890, 2.1
    {{192, 0, 2, 0}, 24, Reach::kPrivate, "documentation"},        // RFC 5737
    {{192, 88, 99, 0}, 24, Reach::kPrivate, "6to4 relay"},         // RFC 7526
    {{192, 168, 0, 0}, 16, Reach::kPrivate, "private"},            // RFC 1918
    {{198, 18, 0, 0}, 15, Reach::kPrivate, "benchmark"},           // RFC 2544
    {{198, 51, 100, 0}, 24, Reach::kPrivate, "documentation"},     // RFC 5737
    {{203, 0, 113, 0}, 24, Reach::kPrivate, "documentation"},      // RFC 5737
    {{224, 0, 0, 0}, 4, Reach::kNever, "multicast"},               // RFC 5771
    {{255, 255, 255, 255}, 32, Reach::kNever, "broadcast"},        // RFC 919
    {{240, 0, 0, 0}, 4, Reach::kPrivate, "reserved"},              // RFC 1112, 4
};

// IPv4 addresses that lie in an IPv6 address.
enum class Embedded {
  kNone,
  kLast,    // the last 4 bytes
  k6to4,    // bytes 2 to 5
  kTeredo,  // the server's in bytes 4 to 7, the client's in the last 4, its bits turned over
};

struct V6Block {
  std::array<std::uint8_t, 8> prefix;  // what lies behind is 0
  unsigned bits;
  Reach reach;
  Embedded embedded;
  const char* name;
};

// The first one that matches decides; where an address is embedded, that one does.
constexpr V6Block kV6Blocks[] = {
    {{}, 128, Reach::kNever, Embedded::kNone, "unspecified"},         // RFC 4291, 2.5.2
    {{0, 0x64, 0xff, 0x9b}, 96, Reach::kNever, Embedded::kLast, ""},  // NAT64, RFC 6052
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, Reach::kPrivate, Embedded::kNone, "local NAT64"},  // RFC 8215
    {{0x20, 0x01, 0, 0}, 32, Reach::kNever, Embedded::kTeredo, ""},                      // RFC 4380
    {{0x20, 0x01}, 23, Reach::kPrivate, Embedded::kNone, "protocol assignment"},         // RFC 2928
    {{0x20, 0x01, 0x0d, 0xb8}, 32, Reach::kPrivate, Embedded::kNone, "documentation"},   // RFC 3849
    {{0x20, 0x02}, 16, Reach::kNever, Embedded::k6to4, ""},                              // RFC 3056
    {{0x3f, 0xff}, 20, Reach::kPrivate, Embedded::kNone, "documentation"},               // RFC 9637
    {{0xfc}, 7, Reach::kPrivate, Embedded::kNone, "unique-local"},                       // RFC 4193
    {{0xfe, 0x80}, 10, Reach::kNever, Embedded::kNone, "link-local"},    // RFC 4291, 2.5.6
    {{0xfe, 0xc0}, 10, Reach::kPrivate, Embedded::kNone, "site-local"},  // RFC 3879
    {{0xff}, 8, Reach::kNever, Embedded::kNone, "multicast"},            // RFC 4291, 2.7
};

// ::1 and ::ffff:0:0/96, whose prefixes end behind the eighth byte.
constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

using Bytes = std::span<const std::uint8_t>;

bool HasPrefix(Bytes address, Bytes prefix, unsigned bits) {
  for (std::size_t i = 0; i * 8 < bits; ++i) {
    const unsigned left = std::min(8U, bits - static_cast<unsigned>(i) * 8);
    const unsigned mask = 0xff00U >> left & 0xffU;
    const unsigned wanted = i < prefix.size() ? prefix[i] : 0U;
    if (((address[i] ^ wanted) & mask) != 0) return false;
  }
  return true;
}

std::string_view Refusal(Reach reach, const char* name, bool allow_private) {
  return reach == Reach::kPrivate && allow_private ? "" : name;
}

std::string_view V4Refusal(Bytes address, bool allow_private) {
  for (const V4Block& block : kV4Blocks) {
    if (HasPrefix(address, block.prefix, block.bits)) {
      return Refusal(block.reach, block.name, allow_private);
    }
  }
  return "";
}

std::string_view TeredoRefusal(Bytes address, bool allow_private) {
  std::array<std::uint8_t, 4> client{};
  for (std::size_t i = 0; i < client.size(); ++i) {
    client[i] = static_cast<std::uint8_t>(address[12 + i] ^ 0xffU);
  }
  const std::string_view server = V4Refusal(address.subspan(4, 4), allow_private);
  return server.empty() ? V4Refusal(client, allow_private) : server;
}

std::string_view BlockRefusal(Bytes address, const V6Block& block, bool allow_private) {
  switch (block.embedded) {
    case Embedded::kNone:
      break;
    case Embedded::kLast:
      return V4Refusal(address.last(4), allow_private);
    case Embedded::k6to4:
      return V4Refusal(address.subspan(2, 4), allow_private);
    case Embedded::kTeredo:
      return TeredoRefusal(address, allow_private);
  }
  return Refusal(block.reach, block.name, allow_private);
}

std::string_view V6Refusal(Bytes address, bool allow_private) {
  if (std::ranges::equal(address, kLoopback)) {
    return Refusal(Reach::kPrivate, "loopback", allow_private);  // RFC 4291, 2.5.3
  }
  if (std::ranges::equal(address.first(kMapped.size()), kMapped)) {
    return V4Refusal(address.last(4), allow_private);  // RFC 4291, 2.5.5.2
  }
  for (const V6Block& block : kV6Blocks) {
    if (HasPrefix(address, block.prefix, block.bits)) {
      return BlockRefusal(address, block, allow_private);
    }
  }
  // Of the rest only 2000::/3 is anybody's (RFC 4291, 2.4): neither ::/96, which meant IPv4 once
  // (2.5.5.1), nor 100::/64, which is thrown away (RFC 6666), nor 5f00::/16 (RFC 9602).
  return (address[0] & 0xe0U) == 0x20U ? "" : "reserved";
}

}  // namespace

std::string_view AddressRefusal(const sockaddr* address, socklen_t size, bool allow_private) {
  std::array<std::uint8_t, 16> bytes{};
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(bytes.data(), &v4.sin_addr, 4);
    return V4Refusal(Bytes(bytes).first(4), allow_private);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::memcpy(bytes.data(), &v6.sin6_addr, 16);
    return V6Refusal(bytes, allow_private);
  }
  return "not an Internet address";
}

std::optional<std::string> CanonicalAddress(std::string_view text) {
  const std::string whole(text);
  std::array<std::uint8_t, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, whole.c_str(), bytes.data()) != 1) continue;
    inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
    return canonical.data();
  }
  return std::nullopt;
}

std::string_view AddressRefusal(const std::string& text, bool allow_private) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return V4Refusal(Bytes(bytes).first(4), allow_private);
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return V6Refusal(bytes, allow_private);
  return "";
}

}  // namespace headrace
