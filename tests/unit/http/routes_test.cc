#include "http/edge/routes.h"

#include <gtest/gtest.h>

#include "http/service_fixture.h"

namespace headrace {
namespace {

class RoutesTest : public ServiceFixture {
 protected:
  RouteMatch Match(std::string_view path) { return RouteTable(*service_).Match(path); }
};

TEST_F(RoutesTest, LeadToWhatTheApiHas) {
  EXPECT_EQ(Match("/").route, HttpRoute::kRoot);
  EXPECT_EQ(Match("/v1/queues").route, HttpRoute::kQueues);
  EXPECT_EQ(Match("/v1/queues/echo").route, HttpRoute::kQueue);
  EXPECT_EQ(Match("/v1/queues/echo/jobs").route, HttpRoute::kJobs);
  EXPECT_EQ(Match("/v1/queues/echo/jobs").queue, QueueIndex{0});
  EXPECT_EQ(Match("/v1/queues/%70df/jobs").queue, QueueIndex{1});
  EXPECT_EQ(Match("/v1/jobs/abc").route, HttpRoute::kJob);
  EXPECT_EQ(Match("/v1/jobs/abc").argument, "abc");
}

TEST_F(RoutesTest, TakePostAndPutAtAQueuesShortPath) {
  const RouteMatch match = Match("/put");
  EXPECT_EQ(match.route, HttpRoute::kJobs);
  EXPECT_EQ(match.queue, QueueIndex{0});
  EXPECT_EQ(match.allowed.Text(), "POST, PUT, OPTIONS");
}

TEST_F(RoutesTest, KnowAQueuesAddressEvenIfThereIsNoSuchQueue) {
  EXPECT_EQ(Match("/v1/queues/none/jobs").route, HttpRoute::kJobs);
  EXPECT_FALSE(Match("/v1/queues/none/jobs").queue.has_value());
}

TEST_F(RoutesTest, LeadNowhereElse) {
  for (const char* path :
       {"/x", "//", "/v1", "/v1/", "/v1/queues/", "/v1/queues//jobs", "/v1/queues/echo/",
        "/v1/queues/echo/jobs/", "/v1/queues/echo/jobs/x", "/v1/queues/../queues", "/v1/jobs/",
        "/v1/jobs/a/b", "/v1/queues/%zz", "/put/", "/V1/queues"}) {
    EXPECT_TRUE(Match(path).allowed.Empty()) << path;
  }
}

TEST_F(RoutesTest, SurviveAVeryLongPath) {
  EXPECT_TRUE(Match("/" + std::string(1 << 20, '/')).allowed.Empty());
}

}  // namespace
}  // namespace headrace
