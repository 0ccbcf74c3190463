#include "job_store_contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <span>
#include <thread>

#include "base/memfd.h"
#include "engine/memory/memory_store.h"
#include "engine/sqlite/sqlite_store.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::IsEmpty;

TEST_P(JobStoreContract, IsHealthyAndEmptyAtFirst) {
  EXPECT_EQ(store->Healthy(), "");
  EXPECT_EQ(calls.Load(NewJobId(0)), std::nullopt);
  EXPECT_THAT(calls.List({}), IsEmpty());
}

TEST_P(JobStoreContract, GivesARecordBackAsItWasInserted) {
  KeptJob job = MakeKept("tenant");
  job.media_type = "application/pdf";
  job.params = {{"dpi", "200"}, {"password", std::string("\0\xff\"", 3)}, {"empty", ""}};
  job.traceparent = "00-1-2-03";
  job.tracestate = "vendor=a,other=b";
  job.webhook_url = "https://example.org/\n";
  job.urgency = 6;
  job.attempt = 2;
  job.idempotency = IdempotencyKey{"a key", {1, 2, 255}};
  job.started = job.accepted + milliseconds(5);
  job.deadline = Deadline::After(hours(1));
  job.not_before = SteadyClock::now() + hours(2);
  job.last_error = Error{ErrorCode::kHandlerCrashed, "crashed", "hint", "detail", 7};
  ASSERT_TRUE(calls.Insert(job, "12345"));

  const auto record = calls.Load(job.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state, JobState::kWaiting);
  EXPECT_FALSE(record->end);
  const KeptJob& got = record->job;
  EXPECT_EQ(got.id, job.id);
  EXPECT_EQ(got.queue, job.queue);
  EXPECT_EQ(got.tenant, job.tenant);
  EXPECT_EQ(got.media_type, job.media_type);
  EXPECT_EQ(got.params, job.params);
  EXPECT_EQ(got.traceparent, job.traceparent);
  EXPECT_EQ(got.tracestate, job.tracestate);
  EXPECT_EQ(got.webhook_url, job.webhook_url);
  EXPECT_EQ(got.urgency, 6);
  EXPECT_EQ(got.attempt, 2U);
  ASSERT_TRUE(got.idempotency);
  EXPECT_EQ(got.idempotency->key, "a key");
  EXPECT_EQ(got.idempotency->digest, job.idempotency->digest);
  EXPECT_EQ(got.accepted, job.accepted);
  EXPECT_EQ(got.started, job.started);
  EXPECT_LT(std::chrono::abs(got.deadline.time() - job.deadline.time()), milliseconds(50));
  EXPECT_LT(std::chrono::abs(got.not_before - job.not_before), milliseconds(50));
  ASSERT_TRUE(got.last_error);
  EXPECT_EQ(got.last_error->code, ErrorCode::kHandlerCrashed);
  EXPECT_EQ(got.last_error->type, "crashed");
  EXPECT_EQ(got.last_error->hint, "hint");
  EXPECT_EQ(got.last_error->detail, "detail");
  EXPECT_EQ(got.last_error->retry_after, 7);
  EXPECT_EQ(got.payload_size, 5U);
}

TEST_P(JobStoreContract, KnowsNoTimesWhereThereAreNone) {
  const auto record = calls.Load(Insert().id);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->job.deadline.IsNever());
  EXPECT_EQ(record->job.not_before, SteadyTime::min());
  EXPECT_EQ(record->job.started, std::nullopt);
  EXPECT_FALSE(record->job.idempotency);
  EXPECT_FALSE(record->job.last_error);
}

TEST_P(JobStoreContract, GivesPayloadsOfAnySizeBack) {
  for (const std::size_t size : {0U, 1U, 1000U, 65536U, 65537U, 3000000U}) {
    const std::string bytes(size, 'p');
    const KeptJob job = MakeKept();
    ASSERT_TRUE(calls.Insert(job, bytes));
    const auto payload = store->LoadPayload(job.id);
    ASSERT_TRUE(payload) << size << ": " << payload.error().detail;
    EXPECT_TRUE(TextOf(*payload) == bytes) << size;
  }
}

TEST_P(JobStoreContract, TakesAPayloadFromAMemfdWhateverItsOffset) {
  for (const std::size_t size : {100U, 200000U}) {
    const std::string bytes(size, 'm');
    auto memfd = MakeSizedMemfd("test", size);
    ASSERT_TRUE(memfd && WriteAll(memfd->get(), std::as_bytes(std::span(bytes))));
    const KeptJob job = MakeKept();
    ASSERT_TRUE(calls.Insert(job, Payload::FromMemfd(*std::move(memfd), size)));
    const auto payload = store->LoadPayload(job.id);
    ASSERT_TRUE(payload);
    EXPECT_TRUE(TextOf(*payload) == bytes);
  }
}

TEST_P(JobStoreContract, SeesWhatWasCalledBeforeThoughNobodyWaitedForIt) {
  const KeptJob job = MakeKept();
  const Payload payload = Payload::FromString(std::string(100'000, 'x'));
  store->Insert(job, payload, [](const Status&) {});
  store->Begin(job.id, 1, UtcNow());
  EXPECT_EQ(calls.List({}), std::vector{job.id});
  EXPECT_EQ(calls.Load(job.id)->state, JobState::kRunning);
  const KeptJob other = MakeKept();
  store->Insert(other, payload, [](const Status&) {});
  const auto loaded = store->LoadPayload(other.id);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->size(), payload.size());
}

TEST_P(JobStoreContract, KeepsTheOrderOfOneJobsCallsWhileItsPayloadIsWritten) {
  for (int round = 0; round < 20; ++round) {
    const KeptJob job = MakeKept();
    store->Insert(job, Payload::FromString(std::string(200'000, 'x')), [](const Status&) {});
    store->Begin(job.id, 1, UtcNow());
    ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", "result")})));
    const auto record = calls.Load(job.id);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->state, JobState::kSucceeded);
  }
}

TEST_P(JobStoreContract, ChangesNothingOfJobsThatItDoesNotKnow) {
  for (const std::string& id : {NewJobId(0), std::string(), std::string("../../etc/passwd")}) {
    store->Begin(id, 1, UtcNow());
    EXPECT_TRUE(calls.Return(id, 1));
    EXPECT_TRUE(calls.End(id, Succeeded({MakePart("a", std::string(100'000, 'x'))})));
    EXPECT_TRUE(calls.DropResult(id));
    EXPECT_TRUE(calls.SetDelivery(id, PendingDelivery{id, 1, SteadyClock::now()}));
    EXPECT_FALSE(calls.Load(id));
    EXPECT_FALSE(store->LoadPayload(id));
  }
  EXPECT_THAT(calls.List({}), IsEmpty());
}

TEST_P(JobStoreContract, TellsEveryCallExactlyOnceUnderConcurrentUse) {
  constexpr int kThreads = 4;
  constexpr int kJobs = 50;
  std::atomic<int> told{0};
  std::atomic<int> failed{0};
  const auto done = [&](const Status& status) {
    ++told;
    if (!status) ++failed;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kJobs; ++i) {
        const KeptJob job = MakeKept();
        const std::string bytes(i % 8 == t ? 70'000 : 100, 'x');
        store->Insert(job, Payload::FromString(bytes), done);
        store->Begin(job.id, 1, UtcNow());
        if (i % 3 == 0) calls.Load(job.id);
        store->End(job.id, Succeeded({MakePart("a", bytes)}), done);
        store->DropResult(job.id, done);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  store.reset();  // what was called before is told
  EXPECT_EQ(told, kThreads * kJobs * 3);
  EXPECT_EQ(failed, 0);
}

TEST_P(JobStoreContract, MayBeCalledFromADone) {
  const KeptJob job = MakeKept();
  Event ended;
  store->Insert(job, Payload::FromString("x"), [&](const Status&) {
    store->End(job.id, Succeeded(), [&](const Status&) {
      store->Load(job.id, PartBytes::OfAll(), [&](const auto& record) {
        if (record && *record && (*record)->state == JobState::kSucceeded) ended.Set();
      });
    });
  });
  EXPECT_TRUE(ended.Wait());
}

std::unique_ptr<JobStore> MakeSqlite(const std::string& folder) {
  SqliteOptions options;
  options.path = folder + "/store";
  options.sweep_every = milliseconds(5);
  return std::make_unique<SqliteStore>(options);
}

std::unique_ptr<JobStore> MakeMemory(const std::string& /*folder*/) {
  return std::make_unique<MemoryStore>();
}

INSTANTIATE_TEST_SUITE_P(Stores, JobStoreContract,
                         testing::Values(StoreKind{"Memory", MakeMemory},
                                         StoreKind{"Sqlite", MakeSqlite}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace headrace
