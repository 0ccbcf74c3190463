// What plain Pistache 0.4.26 gets wrong, one test a fault. The numbers are those of the list in
// third_party/pistache/README.md. HEADRACE_TEST_EDGE names the server program to ask.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/raw_client.h"
#include "pistache/edge_process.h"

namespace headrace {
namespace {

using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/echo/jobs";

std::string Job(const std::string& query, const std::string& body = "",
                const std::string& fields = "") {
  return PostRequest(std::string(kJobs) + "?" + query, body, fields);
}

class PistacheFaults : public testing::Test {
 protected:
  // The answer to a small request on a connection of its own: the server still works.
  void ExpectStillServes() {
    ASSERT_TRUE(edge_.Alive());
    RawClient client = edge_.Connect();
    client.Send(Job("token=works", "", "Connection: keep-alive\r\n"));
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "works");
  }

  // A job with these fields and this body, of which one cannot say where it ends: an error, and
  // nothing more is read from that connection.
  void ExpectRefused(const std::string& rest, int status = 400) {
    RawClient client = edge_.Connect();
    client.Send(fmt::format("POST {}?token=a HTTP/1.1\r\nHost: a\r\n{}", kJobs, rest));
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, status);
    EXPECT_TRUE(client.AtEnd());
  }

  // A job with this body in chunks, in two segments; the connection is good for another one after
  // it.
  void ExpectChunksUnderstood(const std::string& first, const std::string& second) {
    constexpr std::chrono::milliseconds kApart{200};  // so that the server reads them one by one
    RawClient client = edge_.Connect();
    client.Send(
        fmt::format("POST {}?token=chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                    "chunked\r\nConnection: keep-alive\r\n\r\n{}",
                    kJobs, first));
    EXPECT_FALSE(client.Comes(kApart)) << "an answer before the body's end";
    client.Send(second);
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "chunks");
    client.Send(Job("token=next", "", "Connection: keep-alive\r\n"));
    const auto next = client.Read();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->body, "next");
  }

  // A field that only its own reader could find fault with: the server has not failed, and does not
  // tell its exceptions.
  void ExpectNoServerError(const std::string& fields) {
    RawClient client = edge_.Connect();
    client.Send(
        fmt::format("POST {}?token=a HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", kJobs, fields));
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_LT(answer->status, 500) << answer->body;
  }

  EdgeProcess edge_{"HEADRACE_TEST_EDGE"};
};

// 1, 2: from other threads, while clients hang up.
TEST_F(PistacheFaults, N01And02_AnswersOfOtherThreadsReachTheirOwnClientOnly) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (unsigned seed = 0; seed < 16; ++seed) {
    clients.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 150; ++i) {
        RawClient client = edge_.Connect();
        const std::string token = fmt::format("{}-{}", seed, i);
        if (!client.Send(Job(fmt::format("ms={}&token={}", random() % 4, token), "",
                             "Connection: keep-alive\r\n"))) {
          ++wrong;
          continue;
        }
        if (random() % 2 == 0) {
          random() % 2 == 0 ? client.Reset() : client.Close();
          continue;
        }
        const auto answer = client.Read();
        if (!answer || answer->body != token) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  ExpectStillServes();
}

TEST_F(PistacheFaults, N04_ASlowReaderDoesNotHoldUpItsReactor) {
  RawClient slow = edge_.Connect();
  slow.Send(Job("bytes=30000000"));
  ASSERT_THAT(slow.ReadSome(), StartsWith("HTTP/1.1 200"));
  ExpectStillServes();
}

TEST_F(PistacheFaults, N05_AChunkedUploadMayBeCutBetweenCrAndLf) {
  RawClient client = edge_.Connect();
  client.Send(
      fmt::format("POST {}?token=cut HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                  "Connection: keep-alive\r\n\r\n3\r\nabc\r",
                  kJobs));
  ExpectStillServes();
  client.Send("\n0\r\n\r\n");
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "cut");
}

// The library's router, which the plain server uses for such paths and ours never.
TEST_F(PistacheFaults, N06_ALongRunOfSlashesIsAnswered) {
  RawClient client = edge_.Connect();
  client.Send("GET " + std::string(900'000, '/') + " HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_GE(answer->status, 400);
  ExpectStillServes();
}

TEST_F(PistacheFaults, N07_ATooLongBodyIsRefusedByItsLengthAndTheConnectionEnds) {
  RawClient client = edge_.Connect();
  client.Send(PostHead(std::string(kJobs) + "?token=a", 5'000'000));
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 413);
  client.Send(std::string(5'000'000, 'x'));
  ExpectStillServes();
}

TEST_F(PistacheFaults, N07_LongHeadsAreRefusedWith414And431) {
  RawClient line = edge_.Connect();
  line.Send("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto long_line = line.Read();
  ASSERT_TRUE(long_line.has_value());
  EXPECT_EQ(long_line->status, 414);
  RawClient fields = edge_.Connect();
  fields.Send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(200'000, 'a') + "\r\n\r\n");
  const auto long_fields = fields.Read();
  ASSERT_TRUE(long_fields.has_value());
  EXPECT_EQ(long_fields->status, 431);
}

TEST_F(PistacheFaults, N08_AnAnswerMayTakeLongerThanTheHeaderTimeout) {
  RawClient client = edge_.Connect();
  client.Send(Job("ms=2200&token=late", "", "Connection: keep-alive\r\n"));
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "late");
}

// The jobs of another connection are the clock.
TEST_F(PistacheFaults, N09_ARequestAfterAnIdlePauseHasItsFullTime) {
  RawClient client = edge_.Connect();
  RawClient clock = edge_.Connect();
  const std::string request = Job("token=first", "", "Connection: keep-alive\r\n");
  const auto pass = [&](const char* ms) {
    clock.Send(Job("ms=" + std::string(ms), "", "Connection: keep-alive\r\n"));
    return clock.Read().has_value();
  };
  ASSERT_TRUE(pass("700"));
  client.Send(request.substr(0, 20));
  ASSERT_TRUE(pass("900"));
  client.Send(request.substr(20));
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 200);
}

TEST_F(PistacheFaults, N10_PipelinedRequestsAreAllAnsweredInOrder) {
  RawClient client = edge_.Connect();
  client.Send(Job("ms=50&token=first", "", "Connection: keep-alive\r\n") +
              Job("token=second", "", "Connection: keep-alive\r\n"));
  for (const char* token : {"first", "second"}) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value()) << token;
    EXPECT_EQ(answer->body, token);
  }
}

TEST_F(PistacheFaults, N11_TwoContentLengthsAreRefused) {
  ExpectRefused("Content-Length: 1\r\nContent-Length: 2\r\n\r\nab");
}

TEST_F(PistacheFaults, N11_AContentLengthThatIsNoNumberIsRefused) {
  ExpectRefused("Content-Length: abc\r\n\r\n");
}

TEST_F(PistacheFaults, N11_AContentLengthWithLettersBehindIsRefused) {
  ExpectRefused("Content-Length: 5abc\r\n\r\nhello");
}

TEST_F(PistacheFaults, N11_ANegativeContentLengthIsRefused) {
  ExpectRefused("Content-Length: -1\r\n\r\n");
}

TEST_F(PistacheFaults, N11_AContentLengthOf2To64Minus1IsRefused) {
  ExpectRefused("Content-Length: 18446744073709551615\r\n\r\nhello", 413);
}

TEST_F(PistacheFaults, N11_ATransferEncodingWithASpaceBeforeItsColonIsRefused) {
  ExpectRefused("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
}

TEST_F(PistacheFaults, N12_ConnectionCloseIsHonoured) {
  RawClient client = edge_.Connect();
  client.Send(Job("token=bye", "", "Connection: close\r\n"));
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(PistacheFaults, N12_AnAnswerToHeadHasNoBody) {
  RawClient client = edge_.Connect();
  client.Send("HEAD /v1/queues?token=body HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const auto head = client.Read(true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 200);
  client.Send(Job("token=next", "", "Connection: keep-alive\r\n"));
  const auto next = client.Read();
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->status, 200);
  EXPECT_EQ(next->body, "next");
}

TEST_F(PistacheFaults, N12_AnErrorEndsTheConnection) {
  RawClient client = edge_.Connect();
  client.Send("NONSENSE\r\n\r\n");
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 400);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(PistacheFaults, N13_Http11ConnectionsAreKeptWithoutAskingForIt) {
  RawClient client = edge_.Connect();
  client.Send(Job("token=first"));
  const auto first = client.Read();
  ASSERT_TRUE(first.has_value());
  EXPECT_NE(first->Field("connection"), "Close");
  client.Send(Job("token=second"));
  const auto second = client.Read();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->body, "second");
}

TEST_F(PistacheFaults, N14_AnExpectedBodyIsInvitedWith100Continue) {
  RawClient client = edge_.Connect();
  client.Send(PostHead(std::string(kJobs) + "?token=a", 3, "Expect: 100-continue\r\n"));
  EXPECT_THAT(client.ReadSome(), StartsWith("HTTP/1.1 100"));
}

TEST_F(PistacheFaults, N14_QueryValuesArePercentDecoded) {
  RawClient client = edge_.Connect();
  client.Send(Job("token=a%20b%2Fc", "", "Connection: keep-alive\r\n"));
  const auto answer = client.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "a b/c");
}

TEST_F(PistacheFaults, N14_ChunkExtensionsAreUnderstood) {
  ExpectChunksUnderstood("5;name=value\r\nhello\r\n", "0\r\n\r\n");
}

TEST_F(PistacheFaults, N14_TrailersAreUnderstood) {
  ExpectChunksUnderstood("5\r\nhello\r\n0\r\n", "X-Checksum: 1\r\n\r\n");
}

TEST_F(PistacheFaults, N14_ABadCookieIsNoServerError) {
  ExpectNoServerError("Host: a\r\nCookie: nonsense\r\n");
}

TEST_F(PistacheFaults, N14_ABadDateIsNoServerError) {
  ExpectNoServerError("Host: a\r\nDate: nonsense\r\n");
}

TEST_F(PistacheFaults, N14_ABadHostIsNoServerError) { ExpectNoServerError("Host: a:99999999\r\n"); }

// Not one of the faults: plain Pistache survives it too.
TEST_F(PistacheFaults, ClientsThatLeaveInMidAnswerDoNoHarm) {
  for (int i = 0; i < 40; ++i) {
    RawClient client = edge_.Connect();
    client.Send(Job("bytes=3000000"));
    ASSERT_FALSE(client.ReadSome().empty());
    client.Reset();
  }
  ExpectStillServes();
}

TEST_F(PistacheFaults, N19_AfterStopAcceptingLiveRequestsAreAnsweredAndNewOnesRefused) {
  RawClient live = edge_.Connect();
  live.Send(Job("token=accepted", "", "Connection: keep-alive\r\n"));
  ASSERT_TRUE(live.Read().has_value());
  live.Send(Job("ms=300&token=live", "", "Connection: keep-alive\r\n"));
  ASSERT_TRUE(edge_.StopAccepting());
  const auto answer = live.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "live");
  EXPECT_THROW(static_cast<void>(edge_.Connect()), std::runtime_error)
      << "a connection after the stop";
}

// The kernel makes connections also while the server does not look.
TEST_F(PistacheFaults, N20_WhoHasConnectedBeforeTheStopIsAnswered) {
  edge_.Pause();
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(edge_.Connect());
    clients.back().Send(Job("token=early", "", "Connection: keep-alive\r\n"));
  }
  ASSERT_TRUE(edge_.AskToStopAccepting());
  edge_.Resume();
  ASSERT_TRUE(edge_.HasStoppedAccepting());
  EXPECT_THROW(static_cast<void>(edge_.Connect()), std::runtime_error);
  for (RawClient& client : clients) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, "early");
  }
}

}  // namespace
}  // namespace headrace
