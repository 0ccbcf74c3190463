// Limits on connections and clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

class LimitsTest : public ServerFixture {};

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

}  // namespace
}  // namespace headrace
