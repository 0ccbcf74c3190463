#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/local/local_engine.h"
#include "engine/sqlite/sqlite_store.h"
#include "engine_contract.h"
#include "faults.h"
#include "store_support.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<LocalEngine> Open(const std::string& folder, std::vector<QueueOptions> queues,
                                  const std::string& vfs = "") {
  SqliteOptions options;
  options.vfs = vfs;
  options.retry = milliseconds(2);
  options.path = folder + "/store";
  auto engine = std::make_unique<LocalEngine>(LocalEngine::Options{std::move(queues)},
                                              std::make_unique<SqliteStore>(options));
  const auto started = engine->Start();
  EXPECT_TRUE(started) << (started ? "" : started.error().detail);
  return engine;
}

// With a folder that lives as long.
struct SqliteFactory {
  struct Owning final : LocalEngine {
    Owning(std::unique_ptr<Folder> the_folder, std::vector<QueueOptions> queues)
        : LocalEngine({std::move(queues)}, StoreIn(*the_folder)), folder(std::move(the_folder)) {}
    ~Owning() override { Stop(); }
    Owning(const Owning&) = delete;
    Owning& operator=(const Owning&) = delete;
    static std::unique_ptr<JobStore> StoreIn(const Folder& folder) {
      SqliteOptions options;
      options.path = folder.path().string() + "/store";
      return std::make_unique<SqliteStore>(options);
    }
    std::unique_ptr<Folder> folder;
  };
  static std::unique_ptr<Engine> Make(const std::vector<QueueOptions>& queues) {
    auto engine = std::make_unique<Owning>(std::make_unique<Folder>(), queues);
    EXPECT_TRUE(engine->Start());
    return engine;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, EngineContract, SqliteFactory);

// One engine after the other over the same folder.
class Restart : public testing::Test {
 protected:
  void Start(std::uint32_t max_attempts = 2, const std::string& vfs = "") {
    engine.reset();
    QueueOptions queue{"queue-0", 1, 10};
    queue.max_attempts = max_attempts;
    engine = Open(folder.path(), {queue}, vfs);
  }
  std::string PushKept(const std::string& key = "", std::size_t size = 100'000) {
    auto job = MakeJob(0, size);
    job->kept = true;
    job->accepted = UtcNow();
    job->expires = Deadline::After(std::chrono::hours(1));
    job->payload_size = size;
    if (!key.empty()) job->idempotency = IdempotencyKey{key, {}};
    const PushAnswer answer = PushFor(*engine, job);
    result = answer.result;
    return answer.id;
  }
  // Of one that was just accepted: it is shown to workers in the next moment.
  JobPtr ClaimNext(QueueIndex queue = 0) {
    EXPECT_TRUE(engine->WaitForWork(queue));
    auto job = engine->Claim(queue);
    return job ? *job : MakeJob(queue);
  }
  static Outcome Success() {
    Outcome outcome;
    outcome.state = JobState::kSucceeded;
    outcome.parts.push_back({"part", "text/plain", Payload::FromString("done"), 0, {}});
    return outcome;
  }

  Folder folder;
  PushResult result = PushResult::kClosed;
  std::unique_ptr<LocalEngine> engine;
};

TEST_F(Restart, WhatWaitedWaitsAgainWithItsPayload) {
  Start();
  const std::string id = PushKept();
  Start();
  EXPECT_EQ(engine->Figures(0).recovered, 1U);
  EXPECT_EQ(StatusIn(*engine, id)->record.state, JobState::kWaiting);
  const JobPtr job = ClaimNext();
  EXPECT_EQ(job->id, id);
  EXPECT_EQ(job->payload.size(), 100'000U);
  EXPECT_EQ(job->attempt, 1U);
}

TEST_F(Restart, WhatRanIsAnAttemptAndRunsAgainUntilNoneIsLeft) {
  Start(2);
  const std::string id = PushKept();
  ClaimNext();
  Start(2);
  const JobPtr again = ClaimNext();
  EXPECT_EQ(again->attempt, 2U);
  Start(2);
  EXPECT_FALSE(engine->Claim(0));
  const auto status = WaitUntilEnded(*engine, id);
  EXPECT_EQ(status.record.state, JobState::kFailed);
  EXPECT_EQ(status.record.end->outcome.error->type, "interrupted");
  EXPECT_EQ(engine->Figures(0).failed, 1U);
}

TEST_F(Restart, WhatWasGivenBackAtTheStopIsNoAttempt) {
  Start(1);
  const std::string id = PushKept();
  const JobPtr job = ClaimNext();
  EXPECT_TRUE(engine->Release(id, job->attempt));
  Start(1);
  EXPECT_EQ(ClaimNext()->attempt, 1U);
}

TEST_F(Restart, WhatHasEndedIsKeptWithItsResultAndItsKey) {
  Start();
  const std::string id = PushKept("key");
  const JobPtr job = ClaimNext();
  EXPECT_TRUE(FinishAs(*engine, id, job->attempt, Success()));
  Start();
  const auto status = StatusIn(*engine, id, PartBytes::OfAll());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->record.state, JobState::kSucceeded);
  EXPECT_EQ(status->record.end->outcome.parts.at(0).bytes.size(), 4U);
  EXPECT_EQ(PushKept("key"), id);
  EXPECT_EQ(result, PushResult::kExisting);
}

TEST_F(Restart, WhatWasCancelledAsItRanStaysCancelled) {
  Start();
  const std::string id = PushKept("key");
  const JobPtr job = ClaimNext();
  EXPECT_EQ(CancelFor(*engine, id, CancelReason::kDeleted), CancelResult::kSignalled);
  const auto status = StatusIn(*engine, id);
  EXPECT_EQ(status->record.state, JobState::kCancelled);
  EXPECT_GT(status->record.end->outcome.timings.wait.count(), 0);
  EXPECT_FALSE(engine->Retry(id, job->attempt, SteadyClock::now(), {})) << "it is over";
  EXPECT_NE(PushKept("key"), id) << "whoever comes with its key wants it done";
  EXPECT_EQ(engine->Figures(0).running, 1U) << "its worker has not stopped yet";
  Start();
  EXPECT_EQ(engine->Figures(0).recovered, 1U) << "the second alone";
  EXPECT_EQ(StatusIn(*engine, id)->record.state, JobState::kCancelled);
}

TEST_F(Restart, AWorkerThatFinishesACancelledJobChangesNothing) {
  Start();
  const std::string id = PushKept();
  const JobPtr job = ClaimNext();
  CancelFor(*engine, id, CancelReason::kDeleted);
  EXPECT_TRUE(FinishAs(*engine, id, job->attempt, Success()));
  EXPECT_EQ(StatusIn(*engine, id)->record.state, JobState::kCancelled);
  EXPECT_EQ(engine->Figures(0).cancelled, 1U);
  EXPECT_EQ(engine->Figures(0).succeeded + engine->Figures(0).running, 0U);
}

TEST_F(Restart, ADroppedResultGivesItsKeyFreeForGood) {
  Start();
  const std::string id = PushKept("key");
  FinishAs(*engine, id, ClaimNext()->attempt, Success());
  EXPECT_TRUE(WaitFor<Status>([&](auto told) { engine->DropResult(id, std::move(told)); }));
  Start();
  EXPECT_NE(PushKept("key"), id);
}

TEST_F(Restart, AJobOfAQueueThatIsGoneStaysUntilItsQueueIsBack) {
  Start();
  const std::string id = PushKept();
  engine.reset();
  engine = Open(folder.path(), {{"other", 1, 1}});
  EXPECT_EQ(engine->Figures(0).recovered, 0U);
  engine.reset();
  engine = Open(folder.path(), {{"other", 1, 1}, {"queue-0", 1, 1}});
  EXPECT_EQ(engine->Figures(1).recovered, 1U);
  EXPECT_EQ(ClaimNext(1)->id, id) << "its id says which queue, whatever their order";
}

TEST_F(Restart, NothingKeptBeginsWhileItsEndCouldNotBeSaved) {
  Faults faults;
  Start(2, "faulty");
  const std::string id = PushKept("", 10);  // it needs nothing of the disk to begin
  ASSERT_TRUE(engine->WaitForWork(0));
  faults.FailFrom(1);
  PushKept();
  EXPECT_EQ(result, PushResult::kDown);
  EXPECT_FALSE(engine->Healthy().empty());
  EXPECT_FALSE(engine->Claim(0)) << "its result would be held in memory";
  EXPECT_EQ(engine->Figures(0).waiting, 1U);
  faults.FailNothing();
  ASSERT_TRUE(Eventually([&] { return engine->Healthy().empty(); }));
  const JobPtr job = ClaimNext();
  EXPECT_EQ(job->id, id);
  EXPECT_EQ(job->attempt, 1U);
  engine.reset();  // while what it uses is there
}

TEST_F(Restart, WhoCancelsIsToldAtOnceThatItCannotBeSavedYet) {
  Faults faults;
  Start(2, "faulty");
  const std::string waiting = PushKept("", 10);
  const std::string other = PushKept("", 10);
  faults.FailFrom(1);
  PushKept();
  EXPECT_EQ(result, PushResult::kDown);
  std::atomic<bool> told{false};
  engine->OnEnded([&](const JobPtr& job, const Outcome& outcome) {
    told = job->id == waiting && outcome.state == JobState::kCancelled;
  });
  EXPECT_EQ(CancelFor(*engine, waiting, CancelReason::kDeleted), CancelResult::kUnsaved);
  EXPECT_FALSE(told);
  faults.FailNothing();
  EXPECT_TRUE(Eventually([&] { return told.load(); }));
  EXPECT_EQ(StatusIn(*engine, waiting)->record.state, JobState::kCancelled);
  EXPECT_EQ(CancelFor(*engine, other, CancelReason::kDeleted), CancelResult::kRemoved);
  engine.reset();  // while what it uses is there
}

}  // namespace
}  // namespace headrace
