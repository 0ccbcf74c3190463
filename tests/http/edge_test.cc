#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/echo/jobs";

class EdgeTest : public ServerFixture {};

// The value of a counter or gauge in a scrape, 0 if it is not there.
double Metric(const std::string& scrape, const std::string& name) {
  const auto at = scrape.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(scrape.substr(at + name.size() + 2));
}

TEST_F(EdgeTest, KeepsAnHttp11ConnectionWithoutBeingAsked) {
  Serve();
  RawClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(PostRequest(kJobs, std::to_string(i)));
    const auto answer = client.Read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, std::to_string(i));
    EXPECT_EQ(answer->Field("connection"), "");
  }
}

TEST_F(EdgeTest, EndsTheConnectionWhenTheClientAsksForIt) {
  Serve();
  RawClient client = Connect();
  client.Send(GetRequest("/v1/queues", "Connection: close\r\n"));
  EXPECT_EQ(client.Read()->Field("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, EndsTheConnectionWhicheverConnectionFieldAsksForIt) {
  Serve();
  RawClient client = Connect();
  client.Send(GetRequest("/v1/queues", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  EXPECT_EQ(client.Read()->Field("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, EndsAnHttp10ConnectionUnlessTheClientKeepsIt) {
  Serve();
  RawClient client = Connect();
  client.Send("GET /v1/queues HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.Read()->Field("connection"), "keep-alive");
  client.Send("GET /v1/queues HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Read()->Field("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, AnswersPipelinedRequestsInOrder) {
  Serve();
  RawClient client = Connect();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += PostRequest(kJobs, std::to_string(i)) + GetRequest("/v1/queues/echo");
  }
  client.Send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.Read()->body, std::to_string(i));
    EXPECT_THAT(client.Read()->body, StartsWith("{\"name\":\"echo\""));
  }
}

TEST_F(EdgeTest, TakesAnUploadInSmallPieces) {
  Serve();
  RawClient client = Connect();
  const std::string request = PostRequest(kJobs, "hello");
  for (char c : request) ASSERT_TRUE(client.Send(std::string_view(&c, 1)));
  EXPECT_EQ(client.Read()->body, "hello");
}

TEST_F(EdgeTest, TakesAChunkedUploadHoweverItIsCut) {
  Serve();
  RawClient client = Connect();
  const std::string head =
      "POST /v1/queues/echo/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nX-Trailer: y\r\n\r\n";
  for (std::size_t split = 0; split <= body.size(); ++split) {
    client.Send(head + body.substr(0, split));
    client.Send(body.substr(split));
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << split;
    EXPECT_EQ(answer->body, "hello, world") << split;
  }
}

TEST_F(EdgeTest, TakesALargeUpload) {
  Serve();
  RawClient client = Connect();
  std::string payload(std::size_t{8} << 20, 'x');
  payload.back() = 'y';
  ASSERT_TRUE(client.Send(PostRequest(kJobs, payload)));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->body == payload);
}

TEST_F(EdgeTest, InvitesTheBodyWith100Continue) {
  Serve();
  RawClient client = Connect();
  client.Send(PostHead(kJobs, 5, "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.Read()->status, 100);
  client.Send("hello");
  EXPECT_EQ(client.Read()->body, "hello");
}

TEST_F(EdgeTest, RefusesBeforeTheBodyWithoutInvitingIt) {
  Serve();
  RawClient client = Connect();
  client.Send(PostHead("/v1/queues/none/jobs", std::uint64_t{1} << 30, "Expect: 100-continue\r\n"));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->Field("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, RefusesATooLongBodyByItsLength) {
  Serve();
  RawClient client = Connect();
  client.Send(PostHead(kJobs, std::uint64_t{1} << 30));
  EXPECT_EQ(client.Read()->status, 413);
}

TEST_F(EdgeTest, RefusesATooLongChunkedBody) {
  HttpOptions options;
  options.max_body = 1000;
  Serve(options);
  RawClient client = Connect();
  client.Send(
      "POST /v1/queues/echo/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.Send("400\r\n");
  EXPECT_EQ(client.Read()->status, 413);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, LetsAClientThatKeepsSendingReadItsRefusal) {
  Serve();
  RawClient client = Connect();
  client.Send(PostHead("/v1/queues/none/jobs", std::uint64_t{16} << 20));
  const std::string block(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(client.Send(block));
  EXPECT_EQ(client.Read()->status, 404);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, KeepsTheConnectionAfterRefusingASmallBody) {
  Serve();
  RawClient client = Connect();
  client.Send(PostRequest("/v1/queues/none/jobs", std::string(60'000, 'x')));
  EXPECT_EQ(client.Read()->status, 404);
  client.Send(PostRequest(kJobs, "again"));
  EXPECT_EQ(client.Read()->body, "again");
}

TEST_F(EdgeTest, ClosesAfterARequestThatCouldBeReadInTwoWays) {
  Serve();
  RawClient client = Connect();
  client.Send(
      "POST /v1/queues/echo/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.Read()->status, 400);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, RefusesLongHeadsWith414And431) {
  Serve();
  RawClient line = Connect();
  line.Send("GET /" + std::string(10'000, '/'));
  EXPECT_EQ(line.Read()->status, 414);
  RawClient fields = Connect();
  fields.Send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x'));
  EXPECT_EQ(fields.Read()->status, 431);
}

TEST_F(EdgeTest, CutsASlowHeadWith408) {
  HttpOptions options;
  options.header_timeout = milliseconds(300);
  Serve(options);
  RawClient client = Connect();
  client.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(client.Read()->status, 408);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, CutsASlowBodyWith408) {
  HttpOptions options;
  options.body_timeout = milliseconds(300);
  Serve(options);
  RawClient client = Connect();
  client.Send(PostHead(kJobs, 1000) + "x");
  EXPECT_EQ(client.Read()->status, 408);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, EndsAnIdleConnectionSilently) {
  HttpOptions options;
  options.idle_timeout = milliseconds(300);
  Serve(options);
  RawClient client = Connect();
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, NeverTimesAJobOut) {
  HttpOptions options;
  options.header_timeout = options.body_timeout = options.idle_timeout = milliseconds(100);
  Serve(options);
  CloseGate();
  RawClient waiting = Connect();
  waiting.Send(PostRequest(kJobs, "patient"));
  ASSERT_TRUE(WaitForRunning(1));
  RawClient idle = Connect();  // once it is cut, the timeouts of the other are over too
  ASSERT_TRUE(idle.AtEnd());
  OpenGate();
  EXPECT_EQ(waiting.Read()->body, "patient");
}

TEST_F(EdgeTest, CancelsTheJobOfAClientThatHangsUpAtOnce) {
  Serve();
  CloseGate();
  for (const bool reset : {false, true}) {
    RawClient client = Connect();
    client.Send(PostRequest(kJobs, "x"));
    ASSERT_TRUE(WaitForRunning(1));
    const auto gone = SteadyClock::now();
    reset ? client.Reset() : client.Close();
    ASSERT_TRUE(WaitForRunning(0));
    EXPECT_LT(SteadyClock::now() - gone, std::chrono::seconds(2));
  }
  EXPECT_EQ(engine_->Figures(0).cancelled, 2U);
}

TEST_F(EdgeTest, TakesAHalfClosedConnectionWithAWaitingJobAsGone) {
  Serve();
  CloseGate();
  RawClient client = Connect();
  client.Send(PostRequest(kJobs, "x"));
  ASSERT_TRUE(WaitForRunning(1));
  client.HalfClose();
  EXPECT_TRUE(WaitForRunning(0));
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EdgeTest, AnswersAClientThatHalfClosesAfterAQuestionThatNeedsNoJob) {
  Serve();
  RawClient client = Connect();
  client.Send(GetRequest("/v1/queues"));
  client.HalfClose();
  EXPECT_EQ(client.Read()->status, 200);
}

TEST_F(EdgeTest, SendsAnAnswerThatIsDecidedToAClientThatHalfCloses) {
  Serve();
  RawClient client = Connect();
  const std::string payload(std::size_t{32} << 20, 'x');  // more than the kernel's buffers take
  ASSERT_TRUE(client.Send(PostRequest(kJobs, payload)));
  std::string start = client.ReadSome();
  client.HalfClose();
  const auto rest = client.ReadToEnd();
  ASSERT_TRUE(rest);
  EXPECT_THAT(start, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_GT(start.size() + rest->size(), payload.size());
}

TEST_F(EdgeTest, DoesNotLetASlowReaderHoldUpOthers) {
  HttpOptions options;
  options.threads = 1;
  Serve(options);
  RawClient slow = Connect();
  const std::string payload(std::size_t{32} << 20, 'x');  // more than the kernel's buffers take
  ASSERT_TRUE(slow.Send(PostRequest(kJobs, payload)));
  ASSERT_TRUE(WaitForFinished(1));
  for (int i = 0; i < 100; ++i) {
    RawClient other = Connect();
    other.Send(PostRequest(kJobs, "quick"));
    ASSERT_EQ(other.Read()->body, "quick");
  }
  EXPECT_TRUE(slow.Read()->body == payload);
}

TEST_F(EdgeTest, CutsAReaderThatTakesNothing) {
  HttpOptions options;
  options.write_timeout = milliseconds(300);
  Serve(options);
  RawClient stuck = Connect();
  ASSERT_TRUE(stuck.Send(PostRequest(kJobs, std::string(std::size_t{32} << 20, 'x'))));
  ASSERT_TRUE(WaitForFinished(1));
  const Deadline deadline = Deadline::After(std::chrono::seconds(10));
  while (Metric(metrics_->Serialize(), "headrace_http_connections") > 0 && !deadline.Passed()) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(deadline.Passed());
}

TEST_F(EdgeTest, ClosesAfterItsAnswersWhileDraining) {
  Serve();
  RawClient idle = Connect();
  idle.Send(GetRequest("/v1/queues"));
  ASSERT_TRUE(idle.Read());
  CloseGate();
  RawClient busy = Connect();
  busy.Send(PostRequest(kJobs, "last"));
  ASSERT_TRUE(WaitForRunning(1));
  server_->StopAccepting();
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_THROW(static_cast<void>(Connect()), std::runtime_error);
  OpenGate();
  const auto answer = busy.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "last");
  EXPECT_EQ(answer->Field("connection"), "close");
  EXPECT_TRUE(busy.AtEnd());
}

TEST_F(EdgeTest, KeepsIdleConnectionsWhileTheEndIsOnlyAnnounced) {
  HttpOptions options;
  options.threads = 1;
  options.header_timeout = milliseconds(50);
  Serve(options);
  RawClient idle = Connect();
  idle.Send(GetRequest("/v1/queues"));
  ASSERT_TRUE(idle.Read());
  server_->AnnounceClose();
  for (int checks = 0; checks < 2;
       ++checks) {  // a head that takes too long: connections were looked at
    RawClient slow = Connect();
    slow.Send("GET /v1/queues HTTP/1.1\r\n");
    const auto refusal = slow.Read();
    ASSERT_TRUE(refusal);
    ASSERT_EQ(refusal->status, 408);
  }
  idle.Send(GetRequest("/v1/queues"));
  const auto answer = idle.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->Field("connection"), "close");
  EXPECT_TRUE(idle.AtEnd());
}

TEST_F(EdgeTest, AbandonsJobsWhenItStops) {
  Serve();
  CloseGate();
  RawClient client = Connect();
  client.Send(PostRequest(kJobs, "x"));
  ASSERT_TRUE(WaitForRunning(1));
  server_->Stop();
  EXPECT_TRUE(WaitForRunning(0));
}

TEST_F(EdgeTest, SaysWhyItCannotListen) {
  Serve();
  HttpOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  HttpServer second(options, *service_, *metrics_);
  const auto started = second.Start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().hint,
            "cannot listen on " + options.listen + ": Address already in use");
}

TEST_F(EdgeTest, TurnsItsReactors) {
  Serve();
  EXPECT_LT(server_->SinceSlowestTurn(), Seconds(10));
}

}  // namespace
}  // namespace headrace
