// Clients that are slow, or that do not stop: minimum rates in both directions, and the slow close.
// Their pace comes from waiting for the server's next word for so many milliseconds.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <string>

#include "http/server_fixture.h"
#include "support/event.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = kKiB * kKiB;
constexpr const char* kJobs = "/v1/queues/echo/jobs";
constexpr const char* kNone = "/v1/queues/none/jobs";
constexpr milliseconds kPace{10};
constexpr std::size_t kMostSteps = 1000;  // of a client, if the server does nothing

class PaceTest : public ServerFixture {
 protected:
  [[nodiscard]] double Connections() const {
    const std::string name = "\nheadrace_http_connections ";
    const std::string text = metrics_->Serialize();
    return std::stod(text.substr(text.find(name) + name.size()));
  }

  // A client that was refused with its body still to come, and has read all that there is to read.
  RawClient Refused() {
    RawClient client = Connect();
    client.Send(PostHead(kNone, std::uint64_t{1} << 30));
    EXPECT_EQ(client.Read()->status, 404);
    EXPECT_TRUE(client.AtEnd());
    return client;
  }

  // More than the buffers of a connection hold: goes through only if the server reads it.
  static bool TakesMore(RawClient& client) { return client.Send(std::string(16 * kMiB, 'x')); }

  static HttpOptions Judging(std::size_t body_rate, std::size_t write_rate,
                             milliseconds window = milliseconds(300)) {
    HttpOptions options;
    options.threads = 1;
    options.body_timeout = options.write_timeout = window;
    options.min_body_rate = body_rate;
    options.min_write_rate = write_rate;
    return options;
  }
};

TEST_F(PaceTest, ABodyThatFlowsTooSlowlyIsCutWith408) {
  Serve(Judging(64 * kKiB, 0));
  RawClient client = Connect();
  client.Send(PostHead(kJobs, kMiB));
  std::size_t sent = 0;
  while (!client.Comes(kPace) && sent < kMostSteps) {
    ASSERT_TRUE(client.Send("x"));
    ++sent;
  }
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_TRUE(client.AtEnd());
  EXPECT_GT(sent, 1U) << "it did not flow";
}

TEST_F(PaceTest, AChunkedBodyThatFlowsTooSlowlyIsCutWith408) {
  Serve(Judging(64 * kKiB, 0));
  RawClient client = Connect();
  client.Send(
      "POST /v1/queues/echo/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t i = 0; !client.Comes(kPace) && i < kMostSteps; ++i) {
    ASSERT_TRUE(client.Send("1\r\nx\r\n"));
  }
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_TRUE(client.AtEnd());
}

// Ten times the minimum at most, for several windows; these are long enough for a busy machine.
TEST_F(PaceTest, ABodyThatFlowsFastEnoughIsTaken) {
  Serve(Judging(kKiB, 0, seconds(1)));
  constexpr int kPieces = 250;
  const std::string piece(100, 'x');
  RawClient client = Connect();
  client.Send(PostHead(kJobs, kPieces * piece.size()));
  for (int i = 0; i < kPieces && !client.Comes(kPace); ++i) ASSERT_TRUE(client.Send(piece));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), kPieces * piece.size());
}

// It takes at most 64 KiB in 10 ms, and some in every window: the rate cuts it, not a stall.
TEST_F(PaceTest, AReaderBelowTheMinimumRateIsCut) {
  Serve(Judging(0, 64 * kMiB));
  const std::string payload(32 * kMiB, 'x');  // more than the kernel's buffers take
  RawClient slow = Connect();
  ASSERT_TRUE(slow.Send(PostRequest(kJobs, payload)));
  std::string got = slow.ReadSome();
  RawClient pace = Connect();  // says nothing, so waiting for it takes its time
  ASSERT_TRUE(Eventually([&] { return Connections() == 2; }));
  while (Connections() == 2 && got.size() < payload.size()) {
    ASSERT_FALSE(pace.Comes(kPace));
    got += slow.ReadSome();
  }
  // What the kernel had taken before the cut still comes.
  for (std::string some = slow.ReadSome(); !some.empty(); some = slow.ReadSome()) got += some;
  EXPECT_LT(got.size(), payload.size());
}

TEST_F(PaceTest, AReaderAboveTheMinimumRateGetsAll) {
  Serve(Judging(0, 64 * kKiB, seconds(1)));
  const std::string payload(32 * kMiB, 'x');
  RawClient slow = Connect();
  ASSERT_TRUE(slow.Send(PostRequest(kJobs, payload, "Connection: close\r\n")));
  RawClient pace = Connect();
  std::string got;
  for (std::string some = slow.ReadSome(); !some.empty(); some = slow.ReadSome()) {
    got += some;
    ASSERT_FALSE(pace.Comes(milliseconds(4)));
  }
  EXPECT_GT(got.size(), payload.size());
}

// The 257th is closed at once. A client that never closes is waited for five seconds.
TEST_F(PaceTest, ClosesSlowlyForFiveSecondsAnd256ClientsAtOnceAndNoLonger) {
  Serve();
  const auto start = SteadyClock::now();
  std::list<RawClient> lingering;
  for (int i = 0; i < 256; ++i) lingering.push_back(Refused());
  RawClient surplus = Refused();
  ASSERT_TRUE(Eventually([&] { return Connections() == 256; }));
  ASSERT_LT(SteadyClock::now() - start, seconds(5)) << "this machine is too slow for this test";
  EXPECT_FALSE(TakesMore(surplus));
  EXPECT_TRUE(TakesMore(lingering.front()));
  EXPECT_TRUE(TakesMore(lingering.back()));
  EXPECT_TRUE(Eventually([&] { return Connections() == 0; }));
  EXPECT_GT(SteadyClock::now() - start, seconds(5));
  for (RawClient& client : lingering) EXPECT_FALSE(TakesMore(client));
  RawClient again = Refused();
  EXPECT_TRUE(TakesMore(again)) << "the places were not given back";
}

TEST_F(PaceTest, DiscardsUpTo64MiBForAClientThatDoesNotStop) {
  Serve();
  RawClient client = Refused();
  EXPECT_TRUE(client.Send(std::string(60 * kMiB, 'x')));
  EXPECT_FALSE(client.Send(std::string(32 * kMiB, 'x')));
}

}  // namespace
}  // namespace headrace
