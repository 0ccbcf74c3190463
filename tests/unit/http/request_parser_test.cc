#include "http/message/request_parser.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

using State = RequestParser::State;

RequestParser::Limits SmallLimits() { return {128, 512, 8}; }

struct Case {
  const char* name;
  std::string head;
};

std::string TestName(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, WithABadRequest) {
  RequestParser parser(SmallLimits());
  parser.Feed(GetParam().head);
  ASSERT_EQ(parser.state(), State::kFailed);
  EXPECT_EQ(parser.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(parser.error().hint.empty());
}

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): NUL bytes in
                                       // literals

INSTANTIATE_TEST_SUITE_P(
    Heads, Refused,
    testing::Values(
        Case{"BareLineFeed", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
        Case{"BareLineFeedAfterAField", "GET / HTTP/1.1\r\nHost: a\n\r\n"},
        Case{"BareCarriageReturnInAField", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"},
        Case{"NulInAField", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s},
        Case{"NulInTheTarget", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s},
        Case{"FoldedField", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"},
        Case{"SpaceBeforeTheColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        Case{"SpaceInsideAName", "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"},
        Case{"FieldWithoutAColon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"},
        Case{"FieldWithoutAName", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
        Case{"SecondContentLength",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
        Case{"ContentLengthThatIsNoNumber",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n"},
        Case{"ContentLengthWithLettersBehind",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5abc\r\n\r\n"},
        Case{"ContentLengthList", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"},
        Case{"NegativeContentLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
        Case{"SignedContentLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
        Case{"EmptyContentLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
        Case{"ContentLengthBeyond64Bits",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"},
        Case{"ContentLengthBesideTransferEncoding",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"},
        Case{"TransferEncodingBesideContentLength",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
             "1\r\n\r\n"},
        Case{"TransferEncodingWithSpaceBeforeTheColon",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"},
        Case{"UnknownTransferEncoding",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
        Case{"SecondTransferEncoding",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"},
        Case{"IdentityTransferEncoding",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
        Case{"TransferEncodingInHttp10",
             "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Case{"MissingHost", "GET / HTTP/1.1\r\nX: a\r\n\r\n"},
        Case{"SecondHost", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        Case{"HostWithAPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        Case{"HostWithAUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        Case{"UnknownVersion", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        Case{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n"},
        Case{"MissingVersion", "GET /\r\nHost: a\r\n\r\n"},
        Case{"SpaceInTheTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"FragmentInTheTarget", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"RelativeTarget", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"AuthorityTarget", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"AsteriskWithoutOptions", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"BinaryTarget", "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"MethodThatIsNoToken", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        Case{"ManyEmptyLinesBeforeTheRequest",
             "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"}),
    TestName);

TEST(RequestParser, UnderstandsARequest) {
  RequestParser parser(SmallLimits());
  const std::string head =
      "POST /v1/queues/q/jobs?dpi=200 HTTP/1.1\r\nHost: a:80\r\nX-Empty:\r\nX:  a b \t\r\n"
      "Content-Length: 12\r\n\r\n";
  EXPECT_EQ(parser.Feed(head + "the body"), head.size());
  ASSERT_EQ(parser.state(), State::kDone);
  EXPECT_EQ(parser.head().method, "POST");
  EXPECT_EQ(parser.head().path, "/v1/queues/q/jobs");
  EXPECT_EQ(parser.head().query, "dpi=200");
  EXPECT_EQ(parser.head().Find("x"), "a b");
  EXPECT_EQ(parser.head().Find("X-EMPTY"), "");
  EXPECT_EQ(parser.head().content_length, 12U);
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_TRUE(parser.head().HasBody());
}

TEST(RequestParser, ComesToTheSameResultWhereverTheBytesAreSplit) {
  const std::vector<std::string> heads{
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(600, 'a') + "\r\n\r\n"};
  for (const auto& head : heads) {
    RequestParser whole(SmallLimits());
    whole.Feed(head);
    for (std::size_t split = 0; split <= head.size(); ++split) {
      RequestParser parser(SmallLimits());
      parser.Feed(std::string_view(head).substr(0, split));
      parser.Feed(std::string_view(head).substr(split));
      ASSERT_EQ(parser.state(), whole.state()) << head << " at " << split;
      if (whole.state() == State::kFailed) {
        EXPECT_EQ(parser.error().code, whole.error().code) << head << " at " << split;
        EXPECT_EQ(parser.error().hint, whole.error().hint) << head << " at " << split;
      } else {
        EXPECT_EQ(parser.head().path, whole.head().path);
        EXPECT_EQ(parser.head().chunked, whole.head().chunked);
        EXPECT_EQ(parser.head().expect_continue, whole.head().expect_continue);
      }
    }
    RequestParser single(SmallLimits());
    for (char c : head) single.Feed(std::string_view(&c, 1));
    EXPECT_EQ(single.state(), whole.state()) << head;
  }
}

ErrorCode FailureOf(const std::string& head) {
  RequestParser parser(SmallLimits());
  parser.Feed(head);
  EXPECT_EQ(parser.state(), State::kFailed) << head;
  return parser.error().code;
}

TEST(RequestParser, RefusesALongRequestLineWith414BeforeItsEnd) {
  EXPECT_EQ(FailureOf("GET /" + std::string(200, 'a')), ErrorCode::kUriTooLong);
}

TEST(RequestParser, RefusesLongFieldsWith431BeforeTheirEnd) {
  EXPECT_EQ(FailureOf("GET / HTTP/1.1\r\nX: " + std::string(600, 'a')),
            ErrorCode::kHeadersTooLarge);
}

TEST(RequestParser, RefusesManyFieldsWith431) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 8; ++i) head += "X: a\r\n";
  EXPECT_EQ(FailureOf(head + "\r\n"), ErrorCode::kHeadersTooLarge);
}

bool KeepsAlive(const std::string& head) {
  RequestParser parser(SmallLimits());
  parser.Feed(head);
  EXPECT_EQ(parser.state(), State::kDone) << head;
  return parser.head().keep_alive;
}

TEST(RequestParser, UnderstandsNoExpectationBut100Continue) {
  RequestParser asking(SmallLimits());
  asking.Feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n");
  ASSERT_EQ(asking.state(), State::kDone);
  EXPECT_TRUE(asking.head().expect_continue);
  for (const char* field : {"Expect: 200-ok", "Expect: 100-continue\r\nExpect: 100-continue"}) {
    RequestParser parser(SmallLimits());
    parser.Feed("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n");
    ASSERT_EQ(parser.state(), State::kFailed) << field;
    EXPECT_EQ(parser.error().code, ErrorCode::kExpectationFailed);
  }
}

TEST(RequestParser, IgnoresAnExpectationOfHttp10) {
  RequestParser parser(SmallLimits());
  parser.Feed("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kDone);
  EXPECT_FALSE(parser.head().expect_continue);
}

TEST(RequestParser, KeepsHttp11ConnectionsAndHttp10OnlyOnRequest) {
  EXPECT_TRUE(KeepsAlive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(KeepsAlive("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"));
  EXPECT_FALSE(KeepsAlive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n"));
  EXPECT_FALSE(
      KeepsAlive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(KeepsAlive("GET / HTTP/1.0\r\nConnection: x\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_FALSE(KeepsAlive("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(KeepsAlive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParser, TakesThePathOfAnAbsoluteTarget) {
  const std::vector<std::pair<std::string, std::string>> targets{
      {"http://h:1/a?b", "/a"}, {"HTTPS://h", "/"}, {"http://h?b", "/"}};
  for (const auto& [target, path] : targets) {
    RequestParser parser(SmallLimits());
    parser.Feed("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(parser.state(), State::kDone) << target;
    EXPECT_EQ(parser.head().path, path);
  }
}

TEST(RequestParser, IsReadyForTheNextRequestAfterReset) {
  RequestParser parser(SmallLimits());
  parser.Feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  parser.Reset();
  EXPECT_TRUE(parser.Untouched());
  parser.Feed("GET /b HTTP/1.1\r\nHost: b\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kDone);
  EXPECT_EQ(parser.head().path, "/b");
  EXPECT_FALSE(parser.head().HasBody());
  EXPECT_EQ(parser.head().fields.size(), 1U);
}

TEST(RequestParser, GivesTheMemoryOfALargeHeadBack) {
  RequestParser parser({8'192, 65'536, 100});
  const std::string head =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(12'000, 'x') + "\r\n\r\n";
  const std::size_t before = mallinfo2().uordblks;
  parser.Feed(head);
  ASSERT_EQ(parser.state(), State::kDone);
  parser.Reset();
  EXPECT_LT(mallinfo2().uordblks, before + 4096);
}

TEST(RequestParser, JoinsFieldsOfOneNameIntoAList) {
  RequestParser parser(SmallLimits());
  parser.Feed("GET / HTTP/1.1\r\nHost: a\r\nAccept: a/b\r\naccept: c/d\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kDone);
  EXPECT_EQ(parser.head().List("Accept"), "a/b, c/d");
}

}  // namespace
}  // namespace headrace
