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
