// What a request means, byte by byte on a real socket: RFC 9112 and RFC 9110, one rule a case. A
// request that two readers could take for two things is answered 400 and its connection closed, so
// that what follows it is never taken for a request.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): NUL bytes in
                                       // literals

constexpr char kSmuggled[] = "GET /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n";

struct Rule {
  const char* sentence;
  std::string bytes;
};

std::string SentenceOf(const testing::TestParamInfo<Rule>& info) { return info.param.sentence; }

std::string Get(const std::string& target, const std::string& fields = "Host: a\r\n") {
  return "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n";
}

std::string Post(const std::string& fields, const std::string& body) {
  return "POST /v1/queues/echo/jobs HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string Chunked(const std::string& body) {
  return Post("Transfer-Encoding: chunked\r\n", body);
}

class RefusedAndClosed : public ServerFixture, public testing::WithParamInterface<Rule> {};

TEST_P(RefusedAndClosed, With400) {
  Serve();
  RawClient client = Connect();
  client.Send(GetParam().bytes + kSmuggled);
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->Field("connection"), "close");
  EXPECT_EQ(answer->Field("content-type"), "application/problem+json");
  EXPECT_TRUE(client.AtEnd()) << "what followed was read as a request";
}

INSTANTIATE_TEST_SUITE_P(
    Framing, RefusedAndClosed,
    testing::Values(
        Rule{"ContentLengthGivenTwice", Post("Content-Length: 1\r\nContent-Length: 1\r\n", "a")},
        Rule{"ContentLengthGivenTwiceWithTwoValues",
             Post("Content-Length: 1\r\nContent-Length: 2\r\n", "a")},
        Rule{"ContentLengthAsAList", Post("Content-Length: 1, 1\r\n", "a")},
        Rule{"ContentLengthWithASign", Post("Content-Length: +1\r\n", "a")},
        Rule{"ContentLengthBelowZero", Post("Content-Length: -1\r\n", "a")},
        Rule{"ContentLengthInHexadecimal", Post("Content-Length: 0x1\r\n", "a")},
        Rule{"ContentLengthWithLettersBehind", Post("Content-Length: 1a\r\n", "a")},
        Rule{"ContentLengthBeyond64Bits", Post("Content-Length: 18446744073709551617\r\n", "a")},
        Rule{"ContentLengthThatIsEmpty", Post("Content-Length: \r\n", "a")},
        Rule{"ContentLengthBesideChunked",
             Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Rule{"ChunkedBesideContentLength",
             Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingThatIsUnknown", Post("Transfer-Encoding: gzip\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingWhoseLastIsNotChunked",
             Post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingChunkedTwice",
             Post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingInTwoFields",
             Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingWithAVerticalTab",
             Post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingInQuotes", Post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
        Rule{"TransferEncodingOfHttp10",
             "POST /v1/queues/echo/jobs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        Rule{"ChunkSizeThatIsNoNumber", Chunked("x\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeThatIsEmpty", Chunked("\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeWithASign", Chunked("+1\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeWithAPrefix", Chunked("0x1\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeBeyond64Bits", Chunked("10000000000000001\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeEndedByABareLineFeed", Chunked("1\na\r\n0\r\n\r\n")},
        Rule{"ChunkSizeWithASpaceBefore", Chunked(" 1\r\na\r\n0\r\n\r\n")},
        Rule{"ChunkDataLongerThanItsSize", Chunked("1\r\nab\r\n0\r\n\r\n")},
        Rule{"ChunkDataEndedByABareLineFeed", Chunked("1\r\na\n0\r\n\r\n")},
        Rule{"ChunkExtensionWithABareCarriageReturn", Chunked("1;a\rb\r\na\r\n0\r\n\r\n")},
        Rule{"TrailerWithABareLineFeed", Chunked("0\r\nX: a\n\r\n")}),
    SentenceOf);

INSTANTIATE_TEST_SUITE_P(
    ChunkSyntax, RefusedAndClosed,
    testing::Values(Rule{"ChunkSizeInTwoPieces", Chunked("1 2\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkSizeWithSpacesBehind", Chunked("1  \r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithoutASemicolon", Chunked("1 a=b\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithoutAName", Chunked("1;\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithoutAValue", Chunked("1;a=\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionOfTwoWords", Chunked("1;a b\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithAControlByte", Chunked("1;a=\x01\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithAnOpenQuote", Chunked("1;a=\"b\r\nx\r\n0\r\n\r\n")},
                    Rule{"ChunkExtensionWithADelByteInQuotes",
                         Chunked("1;a=\"\x7f\"\r\nx\r\n0\r\n\r\n")},
                    Rule{"LastChunkWithSpacesBehind", Chunked("0 \r\n\r\n")},
                    Rule{"TrailerWithoutAColon", Chunked("0\r\nnonsense\r\n\r\n")},
                    Rule{"TrailerWithoutAName", Chunked("0\r\n: a\r\n\r\n")},
                    Rule{"TrailerWithASpaceBeforeTheColon", Chunked("0\r\nX : a\r\n\r\n")},
                    Rule{"TrailerFoldedOverTwoLines", Chunked("0\r\nX: a\r\n b\r\n\r\n")},
                    Rule{"TrailerWithAControlByte", Chunked("0\r\nX: a\x01\r\n\r\n")},
                    Rule{"TrailerThatIsARequestLine", Chunked("0\r\nGET / HTTP/1.1\r\n\r\n")}),
    SentenceOf);

INSTANTIATE_TEST_SUITE_P(
    Authorities, RefusedAndClosed,
    testing::Values(Rule{"HostWithTwoPorts", Get("/", "Host: a:1:2\r\n")},
                    Rule{"HostWhosePortIsNoNumber", Get("/", "Host: a:port\r\n")},
                    Rule{"HostWhosePortIsTooLarge", Get("/", "Host: a:65536\r\n")},
                    Rule{"HostWithAPortOnly", Get("/", "Host: :80\r\n")},
                    Rule{"HostWithAnOpenBracket", Get("/", "Host: [::1\r\n")},
                    Rule{"HostWithBracketsAroundAName", Get("/", "Host: [a]\r\n")},
                    Rule{"HostWithBracketsAroundAnAddressOfIpv4",
                         Get("/", "Host: [127.0.0.1]\r\n")},
                    Rule{"HostWithLettersBehindItsBrackets", Get("/", "Host: [::1]a\r\n")},
                    Rule{"HostThatIsAnAddressOfIpv6WithoutBrackets", Get("/", "Host: ::1\r\n")},
                    Rule{"HostWithAQuote", Get("/", "Host: a\"b\r\n")},
                    Rule{"HostInAngleBrackets", Get("/", "Host: <x>\r\n")},
                    Rule{"HostWithAMalformedEscape", Get("/", "Host: %zz\r\n")},
                    Rule{"HostWithASpace", Get("/", "Host: a b\r\n")},
                    Rule{"HostWithBytesBeyondAscii", Get("/", "Host: \xc3\xa4\r\n")},
                    Rule{"AbsoluteFormWithoutAHost", Get("http:///v1/queues")},
                    Rule{"AbsoluteFormWithNothing", Get("http://")},
                    Rule{"AbsoluteFormWithAUser", Get("http://u:p@h/v1/queues")},
                    Rule{"AbsoluteFormWithABackslash", Get("http://a\\b/v1/queues")},
                    Rule{"AbsoluteFormWhosePortIsNoNumber", Get("http://a:b/v1/queues")},
                    Rule{"AbsoluteFormWithAPortOnly", Get("http://:80/v1/queues")}),
    SentenceOf);

INSTANTIATE_TEST_SUITE_P(
    Heads, RefusedAndClosed,
    testing::Values(Rule{"LinesEndedByBareLineFeeds", "GET / HTTP/1.1\nHost: a\n\n"},
                    Rule{"FieldEndedByABareLineFeed", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
                    Rule{"FieldWithABareCarriageReturn", Get("/", "Host: a\r\nX: a\rb\r\n")},
                    Rule{"FieldWithANul", Get("/", "Host: a\r\nX: a\0b\r\n"s)},
                    Rule{"FieldFoldedOverTwoLines", Get("/", "Host: a\r\nX: a\r\n b\r\n")},
                    Rule{"FieldFoldedWithATab", Get("/", "Host: a\r\nX: a\r\n\tb\r\n")},
                    Rule{"FirstFieldThatBeginsWithASpace", Get("/", " Host: a\r\n")},
                    Rule{"NameWithASpaceBeforeTheColon", Get("/", "Host: a\r\nX : b\r\n")},
                    Rule{"NameWithATabBeforeTheColon", Get("/", "Host: a\r\nX\t: b\r\n")},
                    Rule{"NameWithASpaceInside", Get("/", "Host: a\r\nX Y: b\r\n")},
                    Rule{"NameThatIsEmpty", Get("/", "Host: a\r\n: b\r\n")},
                    Rule{"FieldWithoutAColon", Get("/", "Host: a\r\nnonsense\r\n")},
                    Rule{"HostThatIsMissing", Get("/", "X: a\r\n")},
                    Rule{"HostGivenTwice", Get("/", "Host: a\r\nHost: b\r\n")},
                    Rule{"HostWithAPath", Get("/", "Host: a/b\r\n")},
                    Rule{"HostWithAUser", Get("/", "Host: a@b\r\n")},
                    Rule{"TargetWithASpace", Get("/a b")}, Rule{"TargetWithANul", Get("/a\0b"s)},
                    Rule{"TargetWithAFragment", Get("/#a")},
                    Rule{"TargetThatIsNoPath", Get("v1/queues")},
                    Rule{"TargetWithBytesBeyondAscii", Get("/\xc3\xa4")},
                    Rule{"TargetThatIsAnAuthority", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
                    Rule{"TargetAsteriskForGet", Get("*")},
                    Rule{"MethodThatIsNoToken", "G\"T / HTTP/1.1\r\nHost: a\r\n\r\n"},
                    Rule{"RequestLineWithATab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
                    Rule{"RequestLineWithTwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
                    Rule{"RequestLineWithASpaceBehind", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
                    Rule{"RequestLineWithoutAVersion", "GET /\r\nHost: a\r\n\r\n"},
                    Rule{"VersionInLowerCase", "GET / http/1.1\r\nHost: a\r\n\r\n"},
                    Rule{"VersionWithMoreDigits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
                    Rule{"PrefaceOfHttp2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
                    Rule{"TlsOnAPlainPort",
                         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s}),
    SentenceOf);

struct Understood {
  const char* sentence;
  std::string bytes;
  int status;
  std::string body;  // "" if it does not matter
};

std::string SentenceOfUnderstood(const testing::TestParamInfo<Understood>& info) {
  return info.param.sentence;
}

// Such a request is answered, and the next one on its connection too.
class UnderstoodAndKept : public ServerFixture, public testing::WithParamInterface<Understood> {};

TEST_P(UnderstoodAndKept, WithItsAnswer) {
  Serve();
  RawClient client = Connect();
  client.Send(GetParam().bytes + kSmuggled);
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status) << answer->body;
  if (!GetParam().body.empty()) {
    EXPECT_EQ(answer->body, GetParam().body);
  }
  const auto next = client.Read();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, UnderstoodAndKept,
    testing::Values(
        Understood{"ChunksWithExtensions", Chunked("1;a=b;c=\"d\"\r\nx\r\n0\r\n\r\n"), 200, "x"},
        Understood{"ChunksWithSpacesAroundTheirExtensions",
                   Chunked("1 \t; a = \"b\\\"\" ;c\r\nx\r\n0;d\r\n\r\n"), 200, "x"},
        Understood{"ChunksInUpperAndLowerHexadecimal",
                   Chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), 200,
                   "01234567890123456789"},
        Understood{"ChunkSizesWithLeadingZeros", Chunked("0001\r\nx\r\n000\r\n\r\n"), 200, "x"},
        Understood{"ChunksWithATrailer", Chunked("1\r\nx\r\n0\r\nX: a\r\n\r\n"), 200, "x"},
        Understood{"ChunksWithTrailersOfAllKinds",
                   Chunked("1\r\nx\r\n0\r\nX:\r\nY:a \xe4\tb \r\n\r\n"), 200, "x"},
        Understood{"ChunkedInAnyCase",
                   Post("transfer-ENCODING: ChunKED\r\n", "1\r\nx\r\n0\r\n\r\n"), 200, "x"},
        Understood{"SpacesAroundAValue", Post("Content-Length: \t 1 \t\r\n", "x"), 200, "x"},
        Understood{"ContentLengthWithLeadingZeros", Post("Content-Length: 001\r\n", "x"), 200, "x"},
        Understood{"EmptyLinesBeforeARequest", "\r\n\r\n" + Post("Content-Length: 1\r\n", "x"), 200,
                   "x"}),
    SentenceOfUnderstood);

INSTANTIATE_TEST_SUITE_P(
    Targets, UnderstoodAndKept,
    testing::Values(
        Understood{"AbsoluteForm", Get("http://other.example/v1/queues/echo"), 200, ""},
        Understood{"AbsoluteFormWithAPort", Get("http://other.example:8080/v1/queues"), 200, ""},
        Understood{"AbsoluteFormOfIpv6", Get("http://[::1]/v1/queues"), 200, ""},
        Understood{"AbsoluteFormWithAQueryOnly", Get("http://other.example?a=b"), 200, ""},
        Understood{"AsteriskOfOptions", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, ""},
        Understood{"PercentEncodedLetters", Get("/v1/queues/%65cho"), 200, ""},
        Understood{"PercentEncodingDecodedOnce", Get("/v1/queues/%2565cho"), 404, ""},
        Understood{"PercentEncodedSlashIsNoSeparator", Get("/v1%2Fqueues"), 404, ""},
        Understood{"PercentSignWithoutDigits", Get("/v1/queues/%zz"), 404, ""},
        Understood{"PercentEncodedNul", Get("/v1/queues/echo%00"), 404, ""},
        Understood{"DotSegmentsAreNotFollowed", Get("/v1/jobs/../queues/echo"), 404, ""},
        Understood{"EncodedDotSegmentsAreNotFollowed", Get("/v1/jobs/%2e%2e/queues/echo"), 404, ""},
        Understood{"RepeatedSlashesAreNotMerged", Get("//v1//queues/echo"), 404, ""},
        Understood{"EmptyQuery", Get("/v1/queues/echo?"), 200, ""},
        Understood{"HostWithAPort", Get("/v1/queues/echo", "Host: a:8080\r\n"), 200, ""},
        Understood{"HostThatIsAnAddressOfIpv6", Get("/v1/queues/echo", "Host: [::1]:8080\r\n"), 200,
                   ""},
        Understood{"HostWithAnEmptyPort", Get("/v1/queues/echo", "Host: a:\r\n"), 200, ""},
        Understood{"HostThatIsAnAddressOfIpv4", Get("/v1/queues/echo", "Host: 127.0.0.1\r\n"), 200,
                   ""},
        Understood{"HostWithAnEscapeAndAnUnderscore",
                   Get("/v1/queues/echo", "Host: my_host-1.%41~!$&'()*+;=\r\n"), 200, ""},
        Understood{"HostThatIsEmpty", Get("/v1/queues/echo", "Host:\r\n"), 200, ""},
        Understood{"MethodThatIsUnknown", "BREW /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n", 405, ""},
        Understood{"MethodInLowerCaseIsAnother", "get /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n", 405,
                   ""}),
    SentenceOfUnderstood);

struct Limit {
  const char* sentence;
  std::string bytes;
  int status;
};

std::string SentenceOfLimit(const testing::TestParamInfo<Limit>& info) {
  return info.param.sentence;
}

class BeyondALimit : public ServerFixture, public testing::WithParamInterface<Limit> {};

TEST_P(BeyondALimit, IsRefusedAndClosed) {
  Serve();
  RawClient client = Connect();
  client.Send(GetParam().bytes);
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status);
  EXPECT_TRUE(client.AtEnd());
}

std::string ManyFields(int count) {
  std::string fields = "Host: a\r\n";
  for (int i = 0; i < count; i++) fields += "X: a\r\n";
  return fields;
}

INSTANTIATE_TEST_SUITE_P(
    Heads, BeyondALimit,
    testing::Values(
        Limit{"RequestLineTooLong", Get("/" + std::string(20'000, 'a')), 414},
        Limit{"RequestLineTooLongBeforeItsEnd", "GET /" + std::string(20'000, 'a'), 414},
        Limit{"MethodWithoutAnEnd", std::string(20'000, 'G'), 414},
        Limit{"FieldsTooLong", Get("/", "Host: a\r\nX: " + std::string(70'000, 'a') + "\r\n"), 431},
        Limit{"FieldsTooLongBeforeTheirEnd",
              "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'a'), 431},
        Limit{"FieldsTooMany", Get("/", ManyFields(2000)), 431},
        Limit{"TrailersTooLong", Chunked("0\r\nX: " + std::string(70'000, 'a')), 400},
        Limit{"ChunkExtensionTooLong", Chunked("1;" + std::string(70'000, 'a')), 400},
        Limit{"BodyLongerThanAllowed", Post("Content-Length: 999999999999\r\n", ""), 413}),
    SentenceOfLimit);

TEST_F(ServerFixture, AnswersAPipelineOfAllKindsInOrder) {
  Serve();
  RawClient client = Connect();
  client.Send(Post("Content-Length: 1\r\n", "1") + Get("/v1/none") +
              Chunked("1\r\n2\r\n0\r\n\r\n") + "HEAD /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n" +
              Post("Content-Length: 1\r\n", "3"));
  EXPECT_EQ(client.Read()->body, "1");
  EXPECT_EQ(client.Read()->status, 404);
  EXPECT_EQ(client.Read()->body, "2");
  EXPECT_EQ(client.Read(true)->status, 200);
  EXPECT_EQ(client.Read()->body, "3");
}

}  // namespace
}  // namespace headrace
