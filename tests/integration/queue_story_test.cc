// A bounded queue as its clients see it: turns, refusals, deadlines, cancels, lost connections.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "support/event.h"
#include "support/scripted_server.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::HasSubstr;

constexpr const char* kSeed =
    "  simulate: {handler: simulate, workers: 1, capacity: 10, isolation: {mode: thread}, path: "
    "/put}";
constexpr const char* kJobs = "/v1/queues/simulate/jobs";
constexpr const char* kRunning = "headrace_jobs_running{queue=\"simulate\"}";
constexpr const char* kWaiting = "headrace_queue_length{queue=\"simulate\"}";

constexpr int kRounds = 20;

Deadline Soon() { return Deadline::After(seconds(60)); }

std::string Job(int ms, const std::string& fields = {}) {
  return MakeRequest("POST", std::string(kJobs) + "?mode=sleep&ms=" + std::to_string(ms), "",
                     fields);
}

struct Count {
  int answered = 0;
  int refused = 0;
  int refused_with_retry_after = 0;
};

void Add(const HttpAnswer& answer, Count& count) {
  if (answer.status == 200) ++count.answered;
  if (answer.status != 429) return;
  ++count.refused;
  const int seconds_to_wait = std::atoi(answer.Field("Retry-After").c_str());
  if (seconds_to_wait >= 1 && seconds_to_wait <= 300) ++count.refused_with_retry_after;
}

// No job of a round ends before the last client of it has been refused.
TEST(QueueStory, TwentyClientsForElevenPlacesAreElevenAnswersAndNineRefusalsEveryTime) {
  Event refused;
  std::atomic<int> begun{0};
  const ScriptedServer app(Answering([&](const ServedRequest&) {
    const int round = begun++ / 11;
    return AnswerText(refused.Wait(round + 1) ? 200 : 500);
  }));
  ServiceProcess service("  app: {handler: http, workers: 1, capacity: 10, upstream: '" +
                         app.Url() + "'}");
  ASSERT_NE(service.port(), 0) << service.Log();
  for (int round = 0; round < kRounds; ++round) {
    std::vector<HttpClient> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(service.port());
    for (HttpClient& client : clients) client.Send(MakeRequest("POST", "/v1/queues/app/jobs"));
    EXPECT_TRUE(service.Await("headrace_jobs_rejected_total{queue=\"app\",reason=\"full\"}",
                              9.0 * (round + 1)));
    refused.Set();
    Count count;
    for (HttpClient& client : clients) Add(client.Read(Soon()).value_or(HttpAnswer{}), count);
    EXPECT_EQ(count.answered, 11) << "round " << round;
    EXPECT_EQ(count.refused, 9) << "round " << round;
    EXPECT_EQ(count.refused_with_retry_after, 9) << "round " << round;
  }
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
}

TEST(QueueStory, AShortPathTakesJobsToo) {
  ServiceProcess service(kSeed);
  const HttpAnswer answer = service.Post("/put?ms=0&token=mine");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"token\":\"mine\""));
  EXPECT_FALSE(answer.Field("Job-Id").empty());
  EXPECT_THAT(answer.Field("Server-Timing"), HasSubstr("queue;dur="));
}

TEST(QueueStory, AJobThatIsNotDoneAtTheCallersDeadlineIsA504) {
  ServiceProcess service(kSeed);
  const SteadyTime start = SteadyClock::now();
  const HttpAnswer answer = Ask(service.port(), Job(30'000, "Request-Timeout: 1\r\n"));
  const auto took = SteadyClock::now() - start;
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.Field("Content-Type"), "application/problem+json");
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, seconds(5));
  EXPECT_TRUE(service.Await(kRunning, 0)) << "its worker is free again";
}

TEST(QueueStory, AJobThatWaitsBeyondTheQueuesDeadlineIsA504AndNeverRuns) {
  ServiceProcess service(
      "  simulate: {handler: simulate, workers: 1, deadline: 500ms, isolation: {mode: thread}}");
  const std::string asynchronous = "Prefer: respond-async\r\n";  // for which another deadline holds
  EXPECT_EQ(Ask(service.port(), Job(60'000, asynchronous)).status, 202);
  ASSERT_TRUE(service.Await(kRunning, 1));
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 504);
  EXPECT_TRUE(service.AwaitLog("job ended unrun"));
}

TEST(QueueStory, DeleteCancelsARunningAndAWaitingJobAndTheirClientsGet409) {
  ServiceProcess service(kSeed);
  HttpClient running(service.port());
  running.Send(Job(30'000));
  const std::string running_id = service.NextInLog("job accepted: job_id=");
  ASSERT_TRUE(service.Await(kRunning, 1));
  HttpClient waiting(service.port());
  waiting.Send(Job(30'000));
  const std::string waiting_id = service.NextInLog("job accepted: job_id=");
  ASSERT_TRUE(service.Await(kWaiting, 1));

  for (const auto& [id, client] :
       {std::pair{waiting_id, &waiting}, std::pair{running_id, &running}}) {
    const HttpAnswer deleted = Ask(service.port(), MakeRequest("DELETE", "/v1/jobs/" + id));
    EXPECT_EQ(deleted.status, 200) << deleted.body;
    EXPECT_THAT(deleted.body, HasSubstr(id));
    const HttpAnswer answer = client->Read(Soon()).value_or(HttpAnswer{});
    EXPECT_EQ(answer.status, 409) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("cancelled"));
  }
  EXPECT_TRUE(service.Await(kRunning, 0));
  EXPECT_TRUE(
      service.Await("headrace_jobs_finished_total{queue=\"simulate\",outcome=\"cancelled\"}", 2));
  EXPECT_EQ(Ask(service.port(), MakeRequest("DELETE", "/v1/jobs/" + running_id)).status, 404);
}

TEST(QueueStory, AClientThatLeavesGivesItsPlaceBack) {
  ServiceProcess service(kSeed);
  HttpClient running(service.port());
  running.Send(Job(30'000));
  ASSERT_TRUE(service.Await(kRunning, 1));
  HttpClient waiting(service.port());
  waiting.Send(Job(30'000));
  ASSERT_TRUE(service.Await(kWaiting, 1));
  waiting.Reset();
  EXPECT_TRUE(service.Await(kWaiting, 0));
  running.Close();
  EXPECT_TRUE(service.Await(kRunning, 0));
  EXPECT_EQ(service.Post(std::string(kJobs) + "?ms=0").status, 200);
}

TEST(QueueStory, AtEveryScrapeUnderLoadAcceptedIsFinishedWaitingAndRunning) {
  ServiceProcess service(kSeed);
  std::atomic<bool> stop{false};
  std::vector<std::thread> load;
  for (int i = 0; i < 8; ++i) {
    load.emplace_back([&] {
      HttpClient client(service.port());
      while (!stop && client.Send(MakeRequest("POST", std::string(kJobs) + "?ms=1"))) {
        if (!client.Read(Soon())) return;
      }
    });
  }
  int moved = 0;
  double last = 0;
  for (int i = 0; i < 200; ++i) {
    Samples samples = service.Scrape();
    const double accepted = samples["headrace_jobs_accepted_total{queue=\"simulate\"}"];
    double sum = samples[kRunning] + samples[kWaiting];
    for (const char* outcome : {"succeeded", "failed", "cancelled", "expired"}) {
      sum += samples["headrace_jobs_finished_total{queue=\"simulate\",outcome=\"" +
                     std::string(outcome) + "\"}"];
    }
    ASSERT_EQ(accepted, sum) << "scrape " << i;
    if (accepted > last) ++moved;
    last = accepted;
  }
  stop = true;
  for (std::thread& thread : load) thread.join();
  EXPECT_GT(moved, 10) << "there was load";
}

}  // namespace
}  // namespace headrace::testing_support
