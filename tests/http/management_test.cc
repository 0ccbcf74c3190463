#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/management_server.h"
#include "http/raw_client.h"
#include "http/service_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

class ManagementTest : public ServiceFixture {
 protected:
  ManagementTest() : server_({"127.0.0.1:0"}, *metrics_, health_) {
    EXPECT_TRUE(server_.Start().ok());
  }
  RawAnswer Get(const std::string& path) {
    RawClient client(server_.port());
    client.Send(GetRequest(path));
    return client.Read().value_or(RawAnswer());
  }

  Health health_;
  ManagementServer server_;
};

TEST_F(ManagementTest, ServesMetricsInPrometheusText) {
  const RawAnswer answer = Get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("headrace_queue_length{queue=\"echo\"} 0"));
}

TEST_F(ManagementTest, TellsTheProbesOfStartAndDraining) {
  EXPECT_EQ(Get("/startupz").status, 503);
  EXPECT_EQ(Get("/livez").status, 200);
  health_.SetStarted();
  EXPECT_EQ(Get("/startupz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
  health_.SetDraining();
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(ManagementTest, TellsItsVersion) {
  EXPECT_THAT(Get("/version").body, HasSubstr("{\"version\":\""));
}

TEST_F(ManagementTest, ServesNothingElse) {
  EXPECT_EQ(Get("/v1/queues").status, 404);
  RawClient client(server_.port());
  client.Send(PostRequest("/metrics", "x"));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 405);
  EXPECT_EQ(answer->Field("allow"), "GET, HEAD, OPTIONS");
}

}  // namespace
}  // namespace headrace
