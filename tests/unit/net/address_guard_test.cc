#include "net/address_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <vector>

namespace headrace {
namespace {

// By the address as the socket gets it, which must be what the text's judgement is.
std::string Refusal(const std::string& text, bool allow_private) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  std::string_view refusal = "no address";
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    refusal = AddressRefusal(reinterpret_cast<sockaddr*>(&v4), sizeof v4, allow_private);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    refusal = AddressRefusal(reinterpret_cast<sockaddr*>(&v6), sizeof v6, allow_private);
  }
  EXPECT_EQ(AddressRefusal(text, allow_private), refusal) << text;
  return std::string(refusal);
}

struct Case {
  const char* address;
  const char* refusal;  // empty: allowed
};

// With allow_private they are allowed.
const std::vector<Case> kPrivate{
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"192.168.0.1", "private"},
    {"192.168.255.255", "private"},
    {"100.64.0.0", "carrier-grade NAT"},
    {"100.127.255.255", "carrier-grade NAT"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.254", "loopback"},
    {"192.0.0.1", "protocol assignment"},
    {"192.0.0.171", "protocol assignment"},
    {"192.0.2.1", "documentation"},
    {"198.51.100.7", "documentation"},
    {"203.0.113.255", "documentation"},
    {"192.88.99.1", "6to4 relay"},
    {"198.18.0.1", "benchmark"},
    {"198.19.255.255", "benchmark"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.254", "reserved"},
    {"::1", "loopback"},
    {"fc00::1", "unique-local"},
    {"fd12:3456:789a::1", "unique-local"},
    {"fdff:ffff::", "unique-local"},
    {"fec0::1", "site-local"},
    {"2001:db8::1", "documentation"},
    {"3fff:fff::1", "documentation"},
    {"2001:2::1", "protocol assignment"},
    {"2001:1ff:ffff::1", "protocol assignment"},
    {"64:ff9b:1::1", "local NAT64"},
    {"::ffff:10.0.0.1", "private"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:192.168.1.1", "private"},
    {"64:ff9b::10.1.2.3", "private"},
    {"64:ff9b::127.0.0.1", "loopback"},
    {"2002:7f00:1::", "loopback"},
    {"2002:c0a8:101::1", "private"},
    {"2002:a00:1:2:3:4:5:6", "private"},
    {"2001:0:7f00:1::f7f7:f7f7", "loopback"},     // its server
    {"2001:0:808:808::80ff:fffe", "loopback"},    // its client, turned over
    {"2001:0:808:808:0:0:3f57:fefe", "private"},  // 192.168.1.1
};

// With allow_private they are refused all the same.
const std::vector<Case> kNever{
    {"0.0.0.0", "this network"},
    {"0.1.2.3", "this network"},
    {"169.254.0.1", "link-local"},
    {"169.254.169.254", "link-local"},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::2", "reserved"},
    {"::127.0.0.1", "reserved"},
    {"::8.8.8.8", "reserved"},
    {"fe80::1", "link-local"},
    {"febf::1", "link-local"},
    {"ff02::1", "multicast"},
    {"ff0e::1", "multicast"},
    {"100::1", "reserved"},
    {"5f00::1", "reserved"},
    {"4000::1", "reserved"},
    {"1fff::1", "reserved"},
    {"64:ff9b:0:1::8.8.8.8", "reserved"},
    {"::ffff:169.254.169.254", "link-local"},
    {"::ffff:0.0.0.0", "this network"},
    {"64:ff9b::169.254.169.254", "link-local"},
    {"64:ff9b::224.0.0.1", "multicast"},
    {"2002:a9fe:a9fe::1", "link-local"},
    {"2001:0:a9fe:a9fe::f7f7:f7f7", "link-local"},
    {"2001:0:808:808::5601:5601", "link-local"},
};

const std::vector<const char*> kPublic{
    "1.1.1.1",         "8.8.8.8",          "9.255.255.255",   "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",      "126.255.255.255", "128.0.0.0",
    "169.253.0.1",     "169.255.0.1",      "172.15.255.255",  "172.32.0.0",
    "192.0.1.1",       "192.0.3.1",        "192.88.98.1",     "192.167.0.1",
    "192.169.0.1",     "198.17.255.255",   "198.20.0.0",      "203.0.112.1",
    "223.255.255.255", "2606:4700::1111",  "2a00:1450::1",    "2001:200::1",
    "2001:4860::8888", "2001:db9::1",      "3ffe::1",         "3fff:1000::1",
    "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7",
};

TEST(AddressGuard, RefusesWhatIsOnesOwnNetworkUnlessItIsAllowed) {
  for (const Case& each : kPrivate) {
    EXPECT_EQ(Refusal(each.address, false), each.refusal) << each.address;
    EXPECT_EQ(Refusal(each.address, true), "") << each.address;
  }
}

TEST(AddressGuard, RefusesWhereNoServerLivesWhateverIsAllowed) {
  for (const Case& each : kNever) {
    EXPECT_EQ(Refusal(each.address, false), each.refusal) << each.address;
    EXPECT_EQ(Refusal(each.address, true), each.refusal) << each.address;
  }
}

TEST(AddressGuard, LetsPublicAddressesPass) {
  for (const char* const address : kPublic) EXPECT_EQ(Refusal(address, false), "") << address;
}

TEST(AddressGuard, RefusesSocketsThatAreNotOfTheInternet) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(AddressRefusal(reinterpret_cast<sockaddr*>(&local), sizeof local, true),
            "not an Internet address");
  sockaddr_in cut{};
  cut.sin_family = AF_INET;
  EXPECT_EQ(AddressRefusal(reinterpret_cast<sockaddr*>(&cut), sizeof cut - 9, true),
            "not an Internet address");
}

TEST(AddressGuard, KnowsOneFormOfAnAddressThatIsWrittenInSeveral) {
  EXPECT_EQ(CanonicalAddress("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(CanonicalAddress("192.0.2.1"), "192.0.2.1");
  for (const char* const none : {"", "example.com", "[::1]", "fe80::1%eth0", "1.2.3", "::1 "}) {
    EXPECT_EQ(CanonicalAddress(none), std::nullopt) << none;
    EXPECT_EQ(AddressRefusal(std::string(none), false), "") << none;
  }
}

}  // namespace
}  // namespace headrace
