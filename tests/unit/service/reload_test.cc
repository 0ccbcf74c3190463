// What a reload changes of the service, while requests and jobs are in it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "service_fixture.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReloadTest : public AdmissionFixture {
 protected:
  // The service and its engine, as the program has it.
  void Reload(const ServiceQueue& queue, std::size_t max_body = 1000) {
    ServiceQueue next = queue;
    next.handler = &info_;
    service_->Reload({next}, max_body);
    engine_->Reload({next.options});
  }
  // A kept job: its id.
  std::string Keep() {
    Submission submission;
    submission.wait = milliseconds(0);
    const auto id = Send(std::move(submission), std::make_shared<FakeWaiter>());
    EXPECT_TRUE(id.ok());
    return id ? *id : "";
  }
};

// Who looks for it in one state of the queues must not end in another one.
TEST_F(ReloadTest, FindsAQueueWhileReloadsComeOneAfterTheOther) {
  std::atomic<bool> stop{false};
  std::thread reloads([&] {
    while (!stop) Reload(queue_);
  });
  int wrong = 0;
  for (int i = 0; i < 100'000; ++i) wrong += service_->FindQueue("queue") == QueueIndex{0} ? 0 : 1;
  stop = true;
  reloads.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ReloadTest, MakesRoomForMoreJobsAndForFewer) {
  Fill();
  EXPECT_FALSE(Submit(std::make_shared<FakeWaiter>()).ok());
  ServiceQueue queue = queue_;
  queue.options.capacity = 2;
  Reload(queue);
  EXPECT_TRUE(service_->Precheck(0, {.content_length = 0, .media_type = ""}).ok());
  EXPECT_TRUE(Submit(std::make_shared<FakeWaiter>()).ok());
  queue.options.capacity = 0;
  Reload(queue);
  EXPECT_EQ(service_->Figures(0).waiting, 3U) << "those that wait stay";
  const auto refused = service_->Precheck(0, {.content_length = 0, .media_type = ""});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().hint.find("queue 'queue' holds all the 1 jobs"), 0U);
}

TEST_F(ReloadTest, GivesNewRequestsAnotherDeadlineAndKeepsThatOfOthers) {
  ASSERT_TRUE(Submit(std::make_shared<FakeWaiter>()).ok());
  ServiceQueue queue = queue_;
  queue.deadline = seconds(5);
  Reload(queue);
  const SteadyTime now = SteadyClock::now();
  EXPECT_EQ(service_->DeadlineOf(0, now, std::nullopt).time(), now + seconds(5));
  EXPECT_GT(Claim()->deadline.time(), now + seconds(50));
}

TEST_F(ReloadTest, TakesBodiesOfAnotherLength) {
  EXPECT_TRUE(service_->Precheck(0, {.content_length = 900, .media_type = ""}).ok());
  Reload(queue_, 800);
  EXPECT_EQ(service_->Precheck(0, {.content_length = 900, .media_type = ""}).error().code,
            ErrorCode::kPayloadTooLarge);
}

TEST_F(ReloadTest, ExpectsJobsToRunForLongerAndByMore) {
  EXPECT_DOUBLE_EQ(service_->DrainRate(0), 0.1);
  ServiceQueue queue = queue_;
  queue.options.workers = 4;
  queue.expected_run = seconds(20);
  Reload(queue);
  EXPECT_DOUBLE_EQ(service_->DrainRate(0), 0.2);
}

TEST_F(ReloadTest, TellsKeptJobsOfOtherTimesAndAnotherWebhook) {
  ServiceQueue queue = queue_;
  queue.async_deadline = seconds(3);
  queue.webhook_url = "https://hooks.example.com/a";
  Reload(queue);
  Keep();
  const JobPtr job = Claim();
  EXPECT_LE(job->expires.time(), SteadyClock::now() + seconds(3));
  EXPECT_EQ(job->webhook_url, "https://hooks.example.com/a");
}

TEST_F(ReloadTest, TriesAJobAgainAsItSaysNow) {
  queue_.options.max_attempts = 1;
  Build();
  ServiceQueue queue = queue_;
  queue.options.max_attempts = 3;
  queue.retries = {.crash = true, .unavailable = false, .delay = milliseconds(1)};
  Keep();
  const JobPtr job = Claim();
  Reload(queue);
  Outcome crash;
  crash.error = Error{ErrorCode::kHandlerCrashed, "executor-crashed", "it crashed", "", 0};
  Finish(*job, crash);
  EXPECT_EQ(service_->Figures(0).waiting, 1U);
  ASSERT_TRUE(engine_->WaitForWork(0));
  queue.retries.crash = false;
  Reload(queue);
  Finish(*Claim(), crash);
  EXPECT_EQ(service_->Figures(0).failed, 1U);
}

TEST_F(ReloadTest, ForgetsAnOutcomeSoonerOrLater) {
  ServiceQueue queue = queue_;
  queue.options.result_ttl = milliseconds(1);
  Reload(queue);
  const std::string id = Keep();
  Finish(*Claim(), Success());
  EXPECT_TRUE(Eventually([&] {
    bool gone = false;
    service_->GetStatus({id}, PartBytes::None(), [&](const Expected<JobStatus>& status) {
      gone = !status && status.error().code == ErrorCode::kGone;
    });
    return gone;
  }));
}

TEST_F(ReloadTest, KeepsFormerQueuesForThoseThatStillLookAtThem) {
  const ServiceQueue& queue = service_->queues()[0];
  for (int i = 0; i < 100; ++i) Reload(queue_);
  EXPECT_EQ(queue.options.name, "queue");
  EXPECT_NE(&service_->queues()[0], &queue);
}

}  // namespace
}  // namespace headrace
