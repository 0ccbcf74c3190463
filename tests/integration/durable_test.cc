// Jobs that outlive the process: the real service over a folder, killed and started again.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "support/event.h"
#include "support/folder.h"
#include "support/scripted_server.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kJobs = "/v1/queues/simulate/jobs";
constexpr const char* kAsync = "Prefer: respond-async\r\n";
constexpr const char* kQueue =
    "  simulate: {handler: simulate, workers: 2, capacity: 1000, isolation: {mode: thread}}";

// A webhook's receiver, which remembers what it was told.
class Receiver {
 public:
  [[nodiscard]] std::string Url() const { return server_.Url("/told"); }
  [[nodiscard]] bool Await(const std::string& text) const {
    return Eventually([&] {
      const MutexLock lock(mu_);
      return told_.find(text) != std::string::npos;
    });
  }

 private:
  mutable Mutex mu_;
  std::string told_ GUARDED_BY(mu_);
  ScriptedServer server_{Answering([this](const ServedRequest& request) {
    const MutexLock lock(mu_);
    told_ += request.Field("webhook-id") + " " + request.body + "\n";
    return AnswerText(200, "thanks");
  })};  // last: its thread uses all above
};

class Durable : public testing::Test {
 protected:
  void Start(const std::string& more = "") {
    service.reset();
    service = std::make_unique<ServiceProcess>(
        kQueue,
        "engine: {kind: sqlite, path: '" + (folder.path() / "jobs").string() + "'}\n" + more);
    ASSERT_NE(service->port(), 0) << service->Log();
  }
  std::string Accept(const std::string& query, const std::string& body = "x",
                     const std::string& fields = kAsync) {
    const HttpAnswer answer = service->Post(kJobs + query, body, fields);
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"durability\":\"disk\""));
    return answer.Field("Location");
  }
  // The status once the job has ended.
  std::string End(const std::string& job) {
    return Ask(service->port(), MakeRequest("GET", job, "", "Prefer: wait=30\r\n")).body;
  }

  Folder folder;
  std::unique_ptr<ServiceProcess> service;
};

TEST_F(Durable, WhatWasAcknowledgedIsDoneAfterKills) {
  Start();
  std::vector<std::string> jobs;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < 20; ++i) {
      jobs.push_back(Accept("?ms=2", std::string(i % 2 * 100'000, 'x')));
    }
    service->Signal(SIGKILL);
    EXPECT_EQ(service->Wait().signal, SIGKILL);
    Start("memory: {max_result: 1MiB}\n");
  }
  for (const std::string& job : jobs) {
    const std::string status = End(job);
    // One that ran at both of two kills has had its attempts.
    EXPECT_THAT(status, testing::AnyOf(HasSubstr("\"state\":\"succeeded\""),
                                       HasSubstr("/problems/interrupted")));
    if (status.find("succeeded") != std::string::npos) {
      EXPECT_EQ(service->Get(job + "/result").status, 200) << job;
    }
  }
}

TEST_F(Durable, AStopLeavesWaitingJobsToTheNextProcess) {
  Start("shutdown: {drain: 0s}\n");
  const std::string running = Accept("?ms=60000&mode=sleep");
  const std::string second = Accept("?ms=60000&mode=sleep");
  const std::string waiting = Accept("?ms=1");
  ASSERT_TRUE(service->Await("headrace_jobs_running{queue=\"simulate\"}", 2));
  service->Signal(SIGTERM);
  EXPECT_EQ(service->Wait().status, 0) << "nobody was cut";
  for (const std::string& job : {running, second}) {
    EXPECT_THAT(service->Log(),
                HasSubstr("job given back: job_id=" + job.substr(job.rfind('/') + 1)));
  }
  Start();
  EXPECT_TRUE(service->Await("headrace_jobs_recovered_total{queue=\"simulate\"}", 3));
  EXPECT_THAT(service->Get(running).body, Not(HasSubstr("\"attempt\":2")))
      << "a stop is no attempt";
  for (const std::string& job : {running, second}) {
    const HttpAnswer deleted = Ask(service->port(), MakeRequest("DELETE", job));
    EXPECT_EQ(deleted.status, 200);
  }
  EXPECT_THAT(End(waiting), HasSubstr("\"state\":\"succeeded\""));
}

TEST_F(Durable, AKeyHoldsOverARestart) {
  Start();
  const std::string key = std::string(kAsync) + "Idempotency-Key: k\r\n";
  const std::string first = Accept("?ms=1", "x", key);
  End(first);
  service->Signal(SIGKILL);
  service->Wait();
  Start();
  const HttpAnswer again = service->Post(std::string(kJobs) + "?ms=1", "x", key);
  EXPECT_EQ(again.status, 200) << "it has ended: there is nothing to wait for";
  EXPECT_EQ("/v1/jobs/" + again.Field("Job-Id"), first);
  EXPECT_EQ(service->Post(std::string(kJobs) + "?ms=1", "other", key).status, 422);
}

TEST_F(Durable, AFolderBelongsToOneProcess) {
  Start();
  ServiceProcess other(
      kQueue, "engine: {kind: sqlite, path: '" + (folder.path() / "jobs").string() + "'}\n");
  EXPECT_EQ(other.port(), 0);
  EXPECT_TRUE(other.AwaitLog("jobs"));
  EXPECT_NE(other.Wait().status, 0);
}

TEST_F(Durable, AWebhookIsToldAlsoAfterARestart) {
  const Receiver receiver;
  const std::string secrets = folder.path() / "secrets";
  std::ofstream(secrets) << "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
  const std::string hooks =
      "webhooks: {allow_hosts: [127.0.0.1], allow_private: true, "
      "allow_http: true, secrets_file: '" +
      secrets + "'}\n";
  Start(hooks);
  const std::string url = "Webhook-Url: " + receiver.Url() + "\r\n";
  const std::string quick = std::string(kJobs) + "?ms=1";
  const std::string other = std::string(kAsync) + "Webhook-Url: http://10.0.0.1/\r\n";
  EXPECT_EQ(service->Post(quick, "x", other).status, 422);
  EXPECT_EQ(service->Post(quick, "x", url).status, 400) << "its client waits";
  const std::string first = Accept("?ms=1", "x", kAsync + url);
  EXPECT_TRUE(receiver.Await("\"job.succeeded\""));
  EXPECT_TRUE(receiver.Await("\"links\":{\"self\":\"" + first + "\"")) << "as the API tells it";
  const std::string second = Accept("?ms=1000&mode=sleep", "x", kAsync + url);
  service->Signal(SIGKILL);
  service->Wait();
  Start(hooks);
  EXPECT_TRUE(receiver.Await("msg_" + second.substr(second.rfind('/') + 1)));
}

}  // namespace
}  // namespace headrace::testing_support
