// Following a job through what may happen to its events.
#include "client/job_follower.h"

#include <atomic>

#include "unit/client/client_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::AnswerText;

class JobFollowerTest : public ClientTest {
 protected:
  Expected<JobView> Follow(const Server& server) {
    ServiceClient client({server.Url("")}, cancel_, deadline_);
    JobFollower follower(
        client,
        CallRetry(cancel_, deadline_, retry_,
                  [this](const std::string& why, std::chrono::seconds) { waits_.push_back(why); }),
        [this](const JobView& job) { states_.push_back(job.state); });
    return follower.ToEnd("01abc");
  }

  std::vector<std::string> states_;
  std::vector<std::string> waits_;
};

std::string Json(int status, const std::string& text) {
  return AnswerText(status, text, "Content-Type: application/json\r\n");
}

TEST_F(JobFollowerTest, TakesTheEventsUpToTheEnd) {
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send(EventsHead() + Event("0-0-0", Status("waiting")) + ": still here\n\n" +
                    Event("1-1-0", Status("running")) + Event("1-2-0", Status("succeeded")));
    connection.AwaitEnd();
  });
  const auto end = Follow(server);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->state, "succeeded");
  EXPECT_THAT(states_, ElementsAre("waiting", "running", "succeeded"));
}

TEST_F(JobFollowerTest, ComesBackWithTheLastEventsId) {
  AskedList asked;
  const Server server([&](Connection& connection) {
    const auto request = connection.ReadRequest();
    if (!request) return;
    asked.Add(*request);
    connection.Send(EventsHead() + (connection.number() == 1
                                        ? Event("1-1-0", Status("running")) + "data: half"
                                        : Event("1-2-0", Status("failed"))));
  });
  const auto end = Follow(server);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->state, "failed");
  EXPECT_EQ(asked.At(0).Field("Last-Event-ID"), "");
  EXPECT_EQ(asked.At(1).Field("Last-Event-ID"), "1-1-0");
  EXPECT_EQ(asked.At(1).target, "/v1/jobs/01abc/events");
}

TEST_F(JobFollowerTest, PollsWhereThereAreNoEvents) {
  AskedList asked;
  const Server server([&](Connection& connection) {
    while (const auto request = connection.ReadRequest()) {
      asked.Add(*request);
      const std::size_t count = asked.Lines().size();
      connection.Send(count == 1   ? AnswerText(404, "nothing")
                      : count == 2 ? Json(200, Status("running"))
                                   : Json(200, Status("succeeded")));
    }
  });
  const SteadyTime start = SteadyClock::now();
  ASSERT_TRUE(Follow(server).ok());
  EXPECT_THAT(asked.Lines(),
              ElementsAre("GET /v1/jobs/01abc/events", "GET /v1/jobs/01abc", "GET /v1/jobs/01abc"));
  EXPECT_EQ(asked.At(1).Field("Prefer"), "wait=20");
  EXPECT_GE(SteadyClock::now() - start, std::chrono::seconds(1)) << "no busy loop";
}

TEST_F(JobFollowerTest, PollsWhereStreamsBringNoEvent) {
  AskedList asked;
  const Server server([&](Connection& connection) {
    const auto request = connection.ReadRequest();
    if (!request) return;
    asked.Add(*request);
    connection.Send(request->target.ends_with("/events") ? EventsHead() + ": hello\n\n"
                                                         : Json(200, Status("succeeded")));
  });
  ASSERT_TRUE(Follow(server).ok());
  EXPECT_THAT(asked.Lines(), ElementsAre("GET /v1/jobs/01abc/events", "GET /v1/jobs/01abc/events",
                                         "GET /v1/jobs/01abc"));
}

TEST_F(JobFollowerTest, AJobThatIsUnknownAfterARestartIsLost) {
  const Server server(
      testing_support::Answering([&](const Request&) { return Problem(404, "no-such-job"); }));
  const auto end = Follow(server);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(ExitCodeOf(end.error().code), ExitCode::kJobFailed);
  EXPECT_THAT(end.error().hint, HasSubstr("does not know the job any more"));
}

TEST_F(JobFollowerTest, OutlivesABusyServiceAndABrokenProxy) {
  std::atomic<int> count{0};
  const Server server(testing_support::Answering([&](const Request& request) {
    switch (++count) {
      case 1:
        return Problem(503, "draining", "Retry-After: 1\r\n");
      case 2:
        return AnswerText(502, "<html>", "Content-Type: text/html\r\n");
      case 3:
        return AnswerText(504, "<html>", "Content-Type: text/html\r\n");
      default:
        EXPECT_EQ(request.target, "/v1/jobs/01abc");
        return Json(200, Status("succeeded"));
    }
  }));
  ASSERT_TRUE(Follow(server).ok());
  EXPECT_THAT(waits_, ElementsAre(HasSubstr("draining"), HasSubstr("HTTP 504")));
}

TEST_F(JobFollowerTest, GivesUpOnAServiceThatIsGone) {
  retry_.most = 2;
  const auto end = [&] {
    const Server server([](Connection&) {});
    return Follow(server);
  }();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(ExitCodeOf(end.error().code), ExitCode::kBroken);
  EXPECT_EQ(waits_.size(), 2U);
}

TEST_F(JobFollowerTest, AKeyThatIsRefusedIsNotTriedAgain) {
  const Server server(
      testing_support::Answering([&](const Request&) { return Problem(401, "wrong-key"); }));
  const auto end = Follow(server);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(ExitCodeOf(end.error().code), ExitCode::kRefused);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(JobFollowerTest, AnInterruptEndsItInTheMiddleOfAStream) {
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send(EventsHead() + Event("1-1-0", Status("running")));
    cancel_.Cancel(CancelReason::kShutdown);
    EXPECT_TRUE(connection.AwaitEnd());
  });
  const auto end = Follow(server);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(ExitCodeOf(end.error().code), ExitCode::kInterrupted);
}

}  // namespace
}  // namespace headrace
