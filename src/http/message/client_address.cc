#include "http/message/client_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t kBits = 128;
constexpr std::size_t kIpv4Bits = 32;

// "192.0.2.1:4711", "[2001:db8::1]:4711", with or without the port; nothing for "unknown" and the
// names that hide one (RFC 7239, 6.2 and 6.3).
std::optional<IpAddress> ParseNode(std::string_view node) {
  if (node.size() >= 2 && node.front() == '"' && node.back() == '"') {
    node = node.substr(1, node.size() - 2);
  }
  if (!node.empty() && node.front() == '[') {
    const auto end = node.find(']');
    return end == std::string_view::npos ? std::nullopt : IpAddress::Parse(node.substr(1, end - 1));
  }
  const auto colon = node.find(':');
  const bool port = colon != std::string_view::npos && node.find(':', colon + 1) == node.npos;
  return IpAddress::Parse(port ? node.substr(0, colon) : node);
}

// Whether a backslash stands before that character, and is not itself behind one.
bool IsEscaped(std::string_view text, std::size_t at) {
  std::size_t slashes = 0;
  while (slashes < at && text[at - 1 - slashes] == '\\') ++slashes;
  return slashes % 2 != 0;
}

// Cuts the last element, trimmed, off a list. Read from its end, which a proxy has written:
// whatever a client wrote before, an open quote say, cannot change what that means.
std::string_view CutLast(std::string_view& list, bool quotes) {
  bool quoted = false;
  std::size_t at = list.size();
  for (; at > 0; --at) {
    const char c = list[at - 1];
    if (c == ',' && !quoted) break;
    if (quotes && c == '"' && !IsEscaped(list, at - 1)) quoted = !quoted;
  }
  const std::string_view last = TrimSpace(list.substr(at));
  list = list.substr(0, at == 0 ? 0 : at - 1);
  return last;
}

// Of an element of Forwarded: "for=192.0.2.1;proto=https".
std::string_view ForOf(std::string_view element) {
  while (!element.empty()) {
    const std::string_view pair = NextItem(element, ';');
    if (StartsWithIgnoreCase(pair, "for=")) return pair.substr(4);
  }
  return "unknown";
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + kMapped.size()) != 1) {
    return std::nullopt;
  }
  return address;
}

bool IpAddress::IsIpv4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

std::string IpAddress::Text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IsIpv4()) {
    inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

Expected<TrustedProxies> TrustedProxies::Parse(std::string_view list, ClientAddressHeader header) {
  TrustedProxies proxies;
  proxies.header_ = header;
  for (const std::string_view item : SplitList(list)) {
    const auto slash = item.find('/');
    const auto address = IpAddress::Parse(item.substr(0, slash));
    std::size_t bits = 0;
    bool good = address.has_value();
    const std::size_t most = good && address->IsIpv4() ? kIpv4Bits : kBits;
    if (good && slash != std::string_view::npos) {
      const auto given = ParseNumberAll<std::size_t>(item.substr(slash + 1));
      good = given && *given <= most;
      bits = given.value_or(0);
    } else {
      bits = most;
    }
    if (!good) {
      return Error{ErrorCode::kInvalidArgument, "trusted-proxies",
                   fmt::format("'{}' is no address or network", item), "", 0};
    }
    proxies.networks_.push_back({*address, bits + kBits - most});
  }
  return proxies;
}

bool TrustedProxies::Has(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const std::size_t whole = network.bits / 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<long>(whole),
                    network.address.bytes.begin())) {
      return false;
    }
    const unsigned mask = 0xFF00U >> network.bits % 8 & 0xFFU;
    return whole == address.bytes.size() ||
           (address.bytes[whole] & mask) == (network.address.bytes[whole] & mask);
  });
}

IpAddress TrustedProxies::ClientOf(const IpAddress& peer, const RequestHead& head) const {
  if (networks_.empty() || !Has(peer)) return peer;
  const bool forwarded = header_ == ClientAddressHeader::kForwarded;
  const std::string field = head.List(forwarded ? "Forwarded" : "X-Forwarded-For");
  std::string_view rest = field;
  IpAddress client = peer;
  while (!rest.empty() && Has(client)) {
    const std::string_view element = CutLast(rest, forwarded);
    if (element.empty()) continue;
    const auto address = ParseNode(forwarded ? ForOf(element) : element);
    if (!address) return client;
    client = *address;
  }
  return client;
}

}  // namespace headrace
