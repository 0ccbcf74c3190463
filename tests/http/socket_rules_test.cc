// Rules of HTTP that units keep by themselves, as a client meets them on a real socket: proxies'
// fields, gzip, Expect, refusals of small bodies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include <memory>
#include <string>

#include "http/management_server.h"
#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/echo/jobs";
constexpr const char* kNone = "/v1/queues/none/jobs";

constexpr char kRefusedChunked[] =
    "POST /v1/queues/none/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// What these bytes of gzip format hold; nothing if they are not of it.
std::string Unpacked(const std::string& packed) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> decompressor(
      libdeflate_alloc_decompressor());
  std::string text(std::size_t{1} << 20, '\0');
  std::size_t size = 0;
  const auto result = libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(),
                                                 text.data(), text.size(), &size);
  text.resize(result == LIBDEFLATE_SUCCESS ? size : 0);
  return text;
}

RawAnswer Ask(std::uint16_t port, const std::string& request) {
  RawClient client(port);
  client.Send(request);
  const auto answer = client.Read();
  EXPECT_TRUE(answer.has_value()) << request;
  return answer.value_or(RawAnswer());
}

struct Claim {
  const char* sentence;
  const char* field;
  const char* trusted_proxies;
};

std::string SentenceOf(const testing::TestParamInfo<Claim>& info) { return info.param.sentence; }

// A client cannot choose its own address: what it says of one counts only from a proxy's mouth.
class UntrustedClaim : public ServerFixture, public testing::WithParamInterface<Claim> {};

TEST_P(UntrustedClaim, OfAnAddressIsNotBelieved) {
  HttpOptions options;
  options.max_jobs_per_client = 1;
  options.trusted_proxies = GetParam().trusted_proxies;
  Serve(options);
  CloseGate();
  const auto job = [](const char* address) {
    return PostRequest(kJobs, "x", std::string(GetParam().field) + address + "\r\n");
  };
  RawClient first = Connect();
  first.Send(job("192.0.2.1"));
  ASSERT_TRUE(WaitForRunning(1));
  RawClient second = Connect();
  second.Send(job("192.0.2.2"));
  const auto refused = second.Read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_THAT(refused->body, HasSubstr("client-limit"));
}

INSTANTIATE_TEST_SUITE_P(
    Socket, UntrustedClaim,
    testing::Values(Claim{"ForwardedWithoutProxies", "Forwarded: for=", ""},
                    Claim{"ForwardedBesideOtherProxies", "Forwarded: for=", "10.0.0.0/8, ::1"},
                    Claim{"XForwardedForWithoutProxies", "X-Forwarded-For: ", ""},
                    Claim{"XForwardedForBesideOtherProxies",
                          "X-Forwarded-For: ", "10.0.0.0/8, ::1"}),
    SentenceOf);

class SocketRules : public ServerFixture {
 protected:
  [[nodiscard]] RawAnswer Get(const std::string& target, const std::string& fields = "") const {
    return Ask(server_->port(), GetRequest(target, fields));
  }
};

TEST_F(SocketRules, JsonLeavesInGzipFormatForThoseWhoTakeIt) {
  echo_.name = std::string(2000, 'e');  // small answers are not worth packing
  Serve();
  const RawAnswer plain = Get("/v1/queues");
  EXPECT_EQ(plain.Field("content-encoding"), "");
  EXPECT_EQ(plain.Field("vary"), "Accept-Encoding");
  const RawAnswer packed = Get("/v1/queues", "Accept-Encoding: br, gzip\r\n");
  EXPECT_EQ(packed.Field("content-encoding"), "gzip");
  EXPECT_EQ(packed.Field("vary"), "Accept-Encoding");
  EXPECT_EQ(packed.Field("content-type"), "application/json");
  EXPECT_LT(packed.body.size(), plain.body.size());
  EXPECT_EQ(Unpacked(packed.body), plain.body);
  EXPECT_EQ(Get("/v1/queues", "Accept-Encoding: gzip;q=0\r\n").Field("content-encoding"), "");
}

TEST_F(SocketRules, ThePageLeavesInGzipFormatForThoseWhoTakeIt) {
  Serve();
  const RawAnswer plain = Get("/", "Accept: text/html\r\n");
  const RawAnswer packed = Get("/", "Accept: text/html\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.Field("content-encoding"), "gzip");
  const std::string page = Unpacked(packed.body);
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_EQ(page.size(), plain.body.size());  // each has a nonce of its own
}

TEST_F(SocketRules, AResultIsNeverPacked) {
  Serve();
  const std::string text(10'000, 'x');
  const RawAnswer answer =
      Ask(server_->port(), PostRequest(kJobs, text, "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(answer.Field("content-encoding"), "");
  EXPECT_EQ(answer.body, text);
}

TEST_F(SocketRules, MetricsLeaveInGzipFormatForThoseWhoTakeIt) {
  Health health;
  ManagementServer server({"127.0.0.1:0"}, *metrics_, health);
  ASSERT_TRUE(server.Start().ok());
  const RawAnswer plain = Ask(server.port(), GetRequest("/metrics"));
  EXPECT_EQ(plain.Field("content-encoding"), "");
  const RawAnswer packed = Ask(server.port(), GetRequest("/metrics", "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(packed.Field("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 4);
  EXPECT_THAT(Unpacked(packed.body), HasSubstr("headrace_queue_length{queue=\"echo\"} 0\n"));
}

TEST_F(SocketRules, AnExpectationOtherThan100ContinueIs417) {
  Serve();
  for (const char* const value : {"200-ok", "100-continue, more", "100-continued"}) {
    RawClient client = Connect();
    client.Send(PostHead(kJobs, 5, "Expect: " + std::string(value) + "\r\n"));
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << value;
    EXPECT_EQ(answer->status, 417) << value;
    EXPECT_EQ(answer->Field("connection"), "close") << value;
    EXPECT_TRUE(client.AtEnd()) << value;
  }
}

// RFC 9110, 10.1.1: the client may not send another request in the body's place.
TEST_F(SocketRules, ASmallBodyThatWasExpectedIsReadAwayAfterItsRefusal) {
  Serve();
  RawClient client = Connect();
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{64} << 10}) {
    client.Send(PostHead(kNone, size, "Expect: 100-continue\r\n"));
    const auto refused = client.Read();
    ASSERT_TRUE(refused) << size;
    EXPECT_EQ(refused->status, 404) << "100 invites a body that nobody wants";
    EXPECT_EQ(refused->Field("connection"), "");
    client.Send(std::string(size, 'G') + PostRequest(kJobs, "again"));
    const auto next = client.Read();
    ASSERT_TRUE(next) << size;
    EXPECT_EQ(next->body, "again");
  }
}

TEST_F(SocketRules, ARestOfMoreThan64KiBEndsTheConnection) {
  Serve();
  RawClient client = Connect();
  client.Send(PostHead(kNone, (std::uint64_t{64} << 10) + 1));
  const auto refused = client.Read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 404);
  EXPECT_EQ(refused->Field("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(SocketRules, ASmallRestThatStopsComingIsNotWaitedForForEver) {
  HttpOptions options;
  options.body_timeout = std::chrono::milliseconds(300);
  Serve(options);
  RawClient client = Connect();
  client.Send(PostHead(kNone, 1000) + "x");
  EXPECT_EQ(client.Read()->status, 404);
  EXPECT_TRUE(client.AtEnd());
}

// Its end is known only when it comes.
TEST_F(SocketRules, ASmallChunkedBodyIsReadAwayAfterItsRefusal) {
  Serve();
  RawClient client = Connect();
  const std::string chunk(std::size_t{64} << 10, 'G');
  for (const std::string& body :
       {std::string("5\r\nhello\r\n0\r\n\r\n"), std::string("0\r\nX-Trailer: a\r\n\r\n"),
        "10000\r\n" + chunk + "\r\n0\r\n\r\n"}) {
    client.Send(kRefusedChunked);
    const auto refused = client.Read();
    ASSERT_TRUE(refused) << body.size();
    EXPECT_EQ(refused->status, 404);
    EXPECT_EQ(refused->Field("connection"), "");
    client.Send(body + PostRequest(kJobs, "again"));
    const auto next = client.Read();
    ASSERT_TRUE(next) << body.size();
    EXPECT_EQ(next->body, "again");
  }
}

TEST_F(SocketRules, AChunkedBodyThatTurnsOutLongOrMalformedEndsItsConnectionSlowly) {
  Serve();
  for (const char* const body : {"10001\r\n", "nonsense\r\n"}) {
    RawClient client = Connect();
    client.Send(kRefusedChunked);
    EXPECT_EQ(client.Read()->status, 404);
    client.Send(body + GetRequest("/v1/queues"));
    EXPECT_TRUE(client.AtEnd()) << "what followed was read as a request";
    EXPECT_TRUE(client.Send(std::string(std::size_t{16} << 20, 'x'))) << "it closed at once";
  }
}

}  // namespace
}  // namespace headrace
