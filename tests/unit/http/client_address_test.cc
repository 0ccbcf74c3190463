#include "http/message/client_address.h"

#include <gtest/gtest.h>

#include <string>

#include "http/edge/client_limit.h"
#include "http/message/chars.h"

namespace headrace {
namespace {

IpAddress Address(const char* text) { return *IpAddress::Parse(text); }

TEST(IpAddress, IsTheSameHoweverItIsWritten) {
  EXPECT_EQ(Address("192.0.2.1"), Address("::ffff:192.0.2.1"));
  EXPECT_EQ(Address("2001:db8:0:0::1"), Address("2001:DB8::1"));
  EXPECT_EQ(Address("::ffff:192.0.2.1").Text(), "192.0.2.1");
  EXPECT_EQ(Address("2001:db8:0::1").Text(), "2001:db8::1");
}

TEST(IpAddress, IsNothingElse) {
  for (const char* text : {"", "unknown", "1.2.3", "1.2.3.4:5", "[::1]", "1.2.3.4 ", "::g"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(TrustedProxies, HaveTheAddressesOfTheirNetworks) {
  const auto proxies = TrustedProxies::Parse("10.1.0.0/15, 192.0.2.7,2001:db8::/33");
  ASSERT_TRUE(proxies.ok());
  for (const char* text : {"10.0.0.1", "10.1.255.255", "192.0.2.7", "2001:db8:7fff::1"}) {
    EXPECT_TRUE(proxies->Has(Address(text))) << text;
  }
  for (const char* text : {"10.2.0.0", "11.0.0.1", "192.0.2.8", "2001:db8:8000::1", "::1"}) {
    EXPECT_FALSE(proxies->Has(Address(text))) << text;
  }
  EXPECT_TRUE(TrustedProxies::Parse("0.0.0.0/0")->Has(Address("8.8.8.8")));
  EXPECT_FALSE(TrustedProxies::Parse("0.0.0.0/0")->Has(Address("2001:db8::1")));
  EXPECT_FALSE(TrustedProxies::Parse("")->Has(Address("127.0.0.1")));
}

TEST(TrustedProxies, NameTheItemThatIsNone) {
  for (const char* text : {"10.0.0.0/33", "a", "10.0.0.0/", "10.0.0.0/x", "::/129", "1.2.3.4/-1"}) {
    const auto proxies = TrustedProxies::Parse(std::string("::1, ") + text);
    ASSERT_FALSE(proxies.ok()) << text;
    EXPECT_NE(proxies.error().hint.find(text), std::string::npos);
  }
}

struct Case {
  const char* name;
  const char* peer;
  HeaderField field;
  const char* client;
};

std::string TestName(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class ClientOf : public testing::TestWithParam<Case> {};

TEST_P(ClientOf, ARequest) {
  const bool forwarded = EqualsIgnoreCase(GetParam().field.name, "Forwarded");
  const auto proxies =
      TrustedProxies::Parse("10.0.0.0/8, ::1", forwarded ? ClientAddressHeader::kForwarded
                                                         : ClientAddressHeader::kXForwardedFor);
  RequestHead head;
  // The other header, which the client may have written.
  head.fields.push_back({forwarded ? "X-Forwarded-For" : "Forwarded", "for=7.7.7.7"});
  head.fields.push_back(GetParam().field);
  EXPECT_EQ(proxies->ClientOf(Address(GetParam().peer), head).Text(), GetParam().client);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ClientOf,
    testing::Values(
        Case{"NobodyIsBelievedWhoIsNoProxy",
             "192.0.2.1",
             {"X-Forwarded-For", "1.1.1.1"},
             "192.0.2.1"},
        Case{"OneProxy", "10.0.0.1", {"X-Forwarded-For", "1.1.1.1"}, "1.1.1.1"},
        Case{"WhatTheClientMadeUp", "10.0.0.1", {"X-Forwarded-For", "9.9.9.9, 1.1.1.1"}, "1.1.1.1"},
        Case{"TwoProxies", "::1", {"x-forwarded-for", "9.9.9.9,1.1.1.1, 10.2.3.4"}, "1.1.1.1"},
        Case{"ProxiesOnly", "10.0.0.1", {"X-Forwarded-For", "10.0.0.2"}, "10.0.0.2"},
        Case{"Ports", "10.0.0.1", {"X-Forwarded-For", "1.1.1.1:80"}, "1.1.1.1"},
        Case{"Forwarded",
             "10.0.0.1",
             {"Forwarded", "for=1.1.1.1;proto=https;by=10.0.0.1"},
             "1.1.1.1"},
        Case{"ForwardedIpv6", "10.0.0.1", {"Forwarded", "For=\"[2001:db8::1]:47\""}, "2001:db8::1"},
        Case{"ForwardedList",
             "10.0.0.1",
             {"Forwarded", "for=9.9.9.9, for=1.1.1.1, for=10.0.0.9"},
             "1.1.1.1"},
        Case{"Unknown",
             "10.0.0.1",
             {"Forwarded", "for=9.9.9.9, for=unknown, for=10.0.0.9"},
             "10.0.0.9"},
        Case{"AnOpenQuoteOfTheClients", "10.0.0.1", {"X-Forwarded-For", "\", 1.1.1.1"}, "1.1.1.1"},
        Case{"AnOpenQuoteOfTheClientsInForwarded",
             "10.0.0.1",
             {"Forwarded", "for=\"9.9.9.9, for=1.1.1.1;host=\"a,\\\",b\""},
             "1.1.1.1"},
        Case{"AnEscapedQuoteOfTheClients",
             "10.0.0.1",
             {"Forwarded", "\\\", for=\"[2001:db8::1]:80\""},
             "2001:db8::1"},
        Case{"EmptyElements", "10.0.0.1", {"X-Forwarded-For", "1.1.1.1, , 10.0.0.2,"}, "1.1.1.1"},
        Case{"Nonsense", "10.0.0.1", {"X-Forwarded-For", "' or 1=1"}, "10.0.0.1"},
        Case{"Nothing", "10.0.0.1", {"Accept", "a/b"}, "10.0.0.1"}),
    TestName);

TEST(ClientLimit, HoldsForEachClientAndGivesPlacesBack) {
  ClientLimit limit(2);
  auto first = limit.Enter(Address("1.1.1.1"));
  {
    const auto second = limit.Enter(Address("1.1.1.1"));
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(limit.Enter(Address("1.1.1.1")));
    EXPECT_TRUE(limit.Enter(Address("2.2.2.2")));
  }
  EXPECT_TRUE(limit.Enter(Address("1.1.1.1")));
  first.emplace();
  EXPECT_TRUE(limit.Enter(Address("1.1.1.1")));
}

TEST(ClientLimit, IsNoneForAProxyThatNamesNoClient) {
  ClientLimit limit(1, *TrustedProxies::Parse("10.0.0.0/8"));
  const auto first = limit.Enter(Address("10.0.0.1"));
  EXPECT_TRUE(first && limit.Enter(Address("10.0.0.1")));
}

TEST(ClientLimit, OfZeroIsNone) {
  ClientLimit limit(0);
  const auto first = limit.Enter(Address("1.1.1.1"));
  EXPECT_TRUE(first && limit.Enter(Address("1.1.1.1")));
}

}  // namespace
}  // namespace headrace
