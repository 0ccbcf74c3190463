// Limits on connections and clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

class LimitsTest : public ServerFixture {
 protected:
  // Of the page, answered so far.
  double Requests() {
    const std::string name =
        "headrace_http_requests_total{code=\"200\",method=\"GET\",route=\"/\"} ";
    const std::string text = metrics_->Serialize();
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
  }
};

TEST_F(LimitsTest, ClosesConnectionsBeyondTheLimitAndTakesThemAgainLater) {
  HttpOptions options;
  options.max_connections = 2;
  Serve(options);
  RawClient first = Connect();
  {
    RawClient second = Connect();
    for (RawClient* client : {&first, &second}) {
      client->Send(GetRequest("/v1/queues"));
      EXPECT_EQ(client->Read()->status, 200);
    }
    RawClient third = Connect();
    EXPECT_TRUE(third.AtEnd());
  }
  // The server hears of the second one's end in its own time.
  for (int status = 0; status != 200;) {
    RawClient again = Connect();
    try {
      again.Send(GetRequest("/v1/queues"));
      const auto answer = again.Read();
      status = answer ? answer->status : 0;
    } catch (const std::runtime_error&) {  // closed as it came
    }
  }
}

TEST_F(LimitsTest, LimitsTheJobsOfAClientAddressAsItsProxyTellsIt) {
  HttpOptions options;
  options.max_jobs_per_client = 1;
  options.trusted_proxies = "127.0.0.0/8";
  Serve(options);
  CloseGate();
  const auto job = [](const std::string& client) {
    return PostRequest("/v1/queues/echo/jobs", "x", "X-Forwarded-For: " + client + "\r\n");
  };
  RawClient first = Connect();
  first.Send(job("1.1.1.1"));
  ASSERT_TRUE(WaitForRunning(1));
  RawClient other = Connect();
  other.Send(job("2.2.2.2"));
  ASSERT_TRUE(WaitForRunning(2));
  RawClient again = Connect();
  again.Send(job("1.1.1.1"));
  const auto refused = again.Read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_THAT(refused->body, HasSubstr("client-limit"));
  EXPECT_NE(refused->Field("retry-after"), "");
  OpenGate();
  EXPECT_EQ(first.Read()->status, 200);
  first.Send(job("1.1.1.1"));
  EXPECT_EQ(first.Read()->status, 200);
}

// Two jobs at once of what the fields say are one client or two, of whom each may have one.
struct Pair {
  const char* sentence;
  const char* trusted;
  const char* first;   // the fields of its job
  const char* second;  // the fields of the other's
  bool same;
};

std::string SentenceOf(const testing::TestParamInfo<Pair>& info) { return info.param.sentence; }

class TwoJobsAtOnce : public ServerFixture, public testing::WithParamInterface<Pair> {};

TEST_P(TwoJobsAtOnce, AreOfOneClientOrTwo) {
  HttpOptions options;
  options.max_jobs_per_client = 1;
  options.trusted_proxies = GetParam().trusted;
  Serve(options);
  CloseGate();
  RawClient first = Connect();
  first.Send(PostRequest("/v1/queues/echo/jobs", "x", GetParam().first));
  ASSERT_TRUE(WaitForRunning(1));
  RawClient second = Connect();
  second.Send(PostRequest("/v1/queues/echo/jobs", "x", GetParam().second));
  if (GetParam().same) {
    EXPECT_EQ(second.Read()->status, 429);
  } else {
    EXPECT_TRUE(WaitForRunning(2));
  }
  OpenGate();
  EXPECT_EQ(first.Read()->status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    Clients, TwoJobsAtOnce,
    testing::Values(Pair{"OnePeerThatIsNoProxyWhateverItSays", "10.0.0.0/8",
                         "X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For: 2.2.2.2\r\n", true},
                    Pair{"OneThatSendsForwardedItself", "127.0.0.1",
                         "Forwarded: for=8.8.8.8\r\nX-Forwarded-For: 1.1.1.1\r\n",
                         "Forwarded: for=9.9.9.9\r\nX-Forwarded-For: 1.1.1.1\r\n", true},
                    Pair{"OneThatSendsAnOpenQuote", "127.0.0.1", "X-Forwarded-For: 1.1.1.1\r\n",
                         "X-Forwarded-For: \", 1.1.1.1\r\n", true},
                    Pair{"TwoBehindAProxyWhenOneSendsAnOpenQuote", "127.0.0.1",
                         "X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For: \", 2.2.2.2\r\n", false},
                    Pair{"TheProxyItselfWhichIsNotLimited", "127.0.0.1", "", "", false}),
    SentenceOf);

TEST_F(LimitsTest, AnswersAllRequestsOfALongPipelineInOrder) {
  Serve();
  RawClient client = Connect();
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += i % 2 == 0 ? GetRequest("/v1/queues/echo")
                           : PostRequest("/v1/queues/echo/jobs", std::to_string(i));
  }
  client.Send(requests);
  for (int i = 0; i < 500; ++i) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->status, 200);
    if (i % 2 != 0) {
      EXPECT_EQ(answer->body, std::to_string(i));
    }
  }
}

TEST_F(LimitsTest, LetsOthersInBetweenTheRequestsOfAPipeline) {
  HttpOptions options;
  options.threads = 1;
  Serve(options);
  RawClient greedy = Connect();
  RawClient other = Connect();
  // Handled in one go, all these would be answered before the other client's request is looked at.
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += GetRequest("/");
  std::thread sender([&] { greedy.Send(requests); });
  ASSERT_TRUE(greedy.Read());
  const double before = Requests();
  other.Send(GetRequest("/v1/queues/echo"));
  ASSERT_TRUE(other.Read());
  EXPECT_LT(Requests() - before, 900);
  sender.join();
}

}  // namespace
}  // namespace headrace
