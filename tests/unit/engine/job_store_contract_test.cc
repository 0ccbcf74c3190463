// What every JobStore promises (engine/job_store.h). A new one is added at the end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/memfd.h"
#include "engine/sqlite/sqlite_store.h"
#include "store_support.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct StoreKind {
  const char* name;
  // `folder` is empty and of the test alone.
  std::unique_ptr<JobStore> (*make)(const std::string& folder);
};

// For gtest's lists of tests.
std::ostream& operator<<(std::ostream& out, const StoreKind& kind) { return out << kind.name; }

class JobStoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  JobStoreContract() : store(GetParam().make(folder.path())), calls(*store) {
    const auto recovered = store->Recover({"work"});
    EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error().detail);
  }

  KeptJob Insert(const std::string& payload = "payload", const std::string& tenant = "") {
    const KeptJob job = MakeKept(tenant);
    EXPECT_TRUE(calls.Insert(job, payload));
    return job;
  }

  TempFolder folder;
  std::unique_ptr<JobStore> store;
  Awaiting calls;
};

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

TEST_P(JobStoreContract, TellsThatAJobRuns) {
  const KeptJob job = Insert();
  const UtcTime started = UtcNow();
  store->Begin(job.id, 3, started);
  const auto record = calls.Load(job.id);
  EXPECT_EQ(record->state, JobState::kRunning);
  EXPECT_EQ(record->job.attempt, 3U);
  EXPECT_EQ(record->job.started, started);
}

TEST_P(JobStoreContract, LetsAJobWaitAgainWithTheErrorOfItsAttempt) {
  const KeptJob job = Insert();
  store->Begin(job.id, 1, UtcNow());
  const SteadyTime later = SteadyClock::now() + hours(1);
  ASSERT_TRUE(
      calls.Return(job.id, 1, later, Error{ErrorCode::kHandlerCrashed, "crashed", "", "", 0}));
  auto record = calls.Load(job.id);
  EXPECT_EQ(record->state, JobState::kWaiting);
  EXPECT_EQ(record->job.attempt, 1U);
  EXPECT_EQ(record->job.last_error->type, "crashed");
  EXPECT_LT(std::chrono::abs(record->job.not_before - later), milliseconds(50));
  ASSERT_TRUE(store->LoadPayload(job.id));

  store->Begin(job.id, 2, UtcNow());
  ASSERT_TRUE(calls.Return(job.id, 1));  // released: the attempt does not count
  record = calls.Load(job.id);
  EXPECT_EQ(record->job.attempt, 1U);
  EXPECT_EQ(record->job.last_error->type, "crashed");
  EXPECT_EQ(record->job.not_before, SteadyTime::min());
}

TEST_P(JobStoreContract, KeepsAnEndWithAllPartsAndDropsThePayload) {
  const KeptJob job = Insert();
  store->Begin(job.id, 1, UtcNow());
  const std::string large(300'000, 'l');
  JobEnd end = Succeeded(
      {MakePart("small.txt", "small"), MakePart("empty", ""), MakePart("large.bin", large)});
  end.outcome.timings = {Seconds(0.5), Seconds(1.25), Seconds(1), 12345};
  end.keep = hours(3);
  ASSERT_TRUE(calls.End(job.id, end));

  const auto record = calls.Load(job.id);
  ASSERT_TRUE(record && record->end);
  EXPECT_EQ(record->state, JobState::kSucceeded);
  EXPECT_EQ(record->end->outcome.state, JobState::kSucceeded);
  EXPECT_EQ(record->end->ended, end.ended);
  EXPECT_EQ(record->end->keep, hours(3));
  EXPECT_EQ(record->end->outcome.timings.run, Seconds(1.25));
  EXPECT_EQ(record->end->outcome.timings.peak_memory, 12345U);
  EXPECT_FALSE(record->end->outcome.error);
  EXPECT_FALSE(record->result_dropped);
  const auto& parts = record->end->outcome.parts;
  ASSERT_THAT(parts, SizeIs(3));
  EXPECT_EQ(parts[0].name, "small.txt");
  EXPECT_EQ(parts[0].media_type, "text/plain");
  EXPECT_EQ(parts[0].crc32, 0x1234U);
  EXPECT_EQ(TextOf(parts[0].bytes), "small");
  EXPECT_EQ(parts[1].bytes.size(), 0U);
  EXPECT_TRUE(TextOf(parts[2].bytes) == large);
  EXPECT_EQ(parts[2].whole_size, large.size());
  const auto payload = store->LoadPayload(job.id);
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code, ErrorCode::kNotFound);
}

TEST_P(JobStoreContract, LeavesBytesOutWhereTheyAreNotAskedFor) {
  const KeptJob job = Insert();
  ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", "12345")})));
  const auto record = calls.Load(job.id, /*with_bytes=*/false);
  ASSERT_TRUE(record);
  ASSERT_THAT(record->end->outcome.parts, SizeIs(1));
  EXPECT_EQ(record->end->outcome.parts[0].bytes.size(), 0U);
  EXPECT_EQ(record->end->outcome.parts[0].whole_size, 5U);
  EXPECT_EQ(record->end->outcome.parts[0].crc32, 0x1234U);
}

TEST_P(JobStoreContract, KeepsTheErrorOfAJobThatDidNotSucceed) {
  for (const JobState state : {JobState::kFailed, JobState::kCancelled, JobState::kExpired}) {
    const KeptJob job = Insert();
    ASSERT_TRUE(calls.End(job.id, Ended(state)));
    const auto record = calls.Load(job.id);
    EXPECT_EQ(record->state, state);
    ASSERT_TRUE(record->end->outcome.error);
    EXPECT_EQ(record->end->outcome.error->code, ErrorCode::kConflict);
    EXPECT_EQ(record->end->outcome.error->hint, "by you");
  }
}

TEST_P(JobStoreContract, TakesTheFirstEndOnly) {
  const KeptJob job = Insert();
  const std::string large(100'000, '1');
  store->Begin(job.id, 1, UtcNow());
  ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", large)})));
  store->Begin(job.id, 1, UtcNow());
  EXPECT_TRUE(calls.End(job.id, Succeeded({MakePart("b", std::string(100'001, '2'))})));
  EXPECT_TRUE(calls.Return(job.id, 0));
  const auto record = calls.Load(job.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state, JobState::kSucceeded);
  EXPECT_TRUE(TextOf(record->end->outcome.parts.at(0).bytes) == large);
}

TEST_P(JobStoreContract, FreesAKeyAtTheEndOnlyIfItIsTold) {
  for (const bool frees : {false, true}) {
    KeptJob job = MakeKept();
    job.idempotency = IdempotencyKey{"key", {}};
    ASSERT_TRUE(calls.Insert(job));
    JobEnd end = Ended(JobState::kFailed);
    end.frees_key = frees;
    ASSERT_TRUE(calls.End(job.id, end));
    EXPECT_EQ(calls.Load(job.id)->job.idempotency.has_value(), !frees);
  }
}

TEST_P(JobStoreContract, DropsAResultButNotItsRecord) {
  const KeptJob job = Insert();
  EXPECT_TRUE(calls.DropResult(job.id));  // not ended: nothing to drop
  ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", std::string(100'000, 'x'))})));
  EXPECT_FALSE(calls.Load(job.id)->result_dropped);
  ASSERT_TRUE(calls.DropResult(job.id));
  const auto record = calls.Load(job.id);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->result_dropped);
  EXPECT_EQ(record->state, JobState::kSucceeded);
  EXPECT_THAT(record->end->outcome.parts, IsEmpty());
  EXPECT_TRUE(calls.DropResult(job.id));
}

TEST_P(JobStoreContract, ForgetsARecordWhoseTimeIsOver) {
  const KeptJob job = Insert();
  const KeptJob stays = Insert();
  JobEnd end = Succeeded({MakePart("a", "result")});
  end.keep = milliseconds(1);
  ASSERT_TRUE(calls.End(job.id, end));
  ASSERT_TRUE(calls.End(stays.id, Succeeded()));
  EXPECT_TRUE(Eventually([&] { return !calls.Load(job.id); }));
  EXPECT_TRUE(calls.Load(stays.id));
}

TEST_P(JobStoreContract, KeepsARecordForItsDeliveryButNotTheResult) {
  const KeptJob job = Insert();
  JobEnd end = Succeeded({MakePart("a", "result")});
  end.keep = milliseconds(1);
  end.tells_webhook = true;
  ASSERT_TRUE(calls.End(job.id, end));
  ASSERT_TRUE(calls.SetDelivery(job.id, PendingDelivery{job.id, 1, SteadyClock::now()}));
  EXPECT_TRUE(Eventually([&] { return calls.Load(job.id)->result_dropped; }));
  EXPECT_THAT(calls.Load(job.id)->end->outcome.parts, IsEmpty());
  ASSERT_TRUE(calls.SetDelivery(job.id, std::nullopt));
  EXPECT_TRUE(Eventually([&] { return !calls.Load(job.id); }));
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

TEST_P(JobStoreContract, ListsTheNewestFirstAndGoesOnFromThere) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Insert().id);
  std::sort(ids.rbegin(), ids.rend());
  RecordFilter filter;
  EXPECT_EQ(calls.List(filter), ids);
  filter.limit = 2;
  EXPECT_THAT(calls.List(filter), ElementsAre(ids[0], ids[1]));
  filter.before = ids[1];
  EXPECT_THAT(calls.List(filter), ElementsAre(ids[2], ids[3]));
}

TEST_P(JobStoreContract, ListsByTenantQueueAndState) {
  const std::string a = Insert("p", "a").id;
  const std::string b = Insert("p", "b").id;
  const std::string none = Insert("p").id;
  KeptJob other = MakeKept("a");
  other.queue = "other";
  ASSERT_TRUE(calls.Insert(other));
  ASSERT_TRUE(calls.End(b, Succeeded()));
  store->Begin(a, 1, UtcNow());

  const auto list = [&](auto set) {
    RecordFilter filter;
    set(filter);
    return calls.List(filter);
  };
  EXPECT_THAT(list([](auto& f) { f.tenant = "b"; }), ElementsAre(b));
  EXPECT_THAT(list([](auto& f) { f.tenant = ""; }), ElementsAre(none));
  EXPECT_THAT(list([](auto& f) { f.tenant = "nobody"; }), IsEmpty());
  EXPECT_THAT(list([](auto& f) { f.queue = "other"; }), ElementsAre(other.id));
  EXPECT_THAT(list([](auto& f) { f.state = JobState::kRunning; }), ElementsAre(a));
  EXPECT_THAT(list([](auto& f) { f.state = JobState::kSucceeded; }), ElementsAre(b));
  EXPECT_THAT(list([](auto& f) {
                f.tenant = "a";
                f.state = JobState::kWaiting;
              }),
              ElementsAre(other.id));
  EXPECT_THAT(list([](auto& f) {
                f.tenant = "b";
                f.queue = "work";
                f.state = JobState::kSucceeded;
              }),
              ElementsAre(b));
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
      store->Load(job.id, true, [&](const auto& record) {
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

INSTANTIATE_TEST_SUITE_P(Stores, JobStoreContract, testing::Values(StoreKind{"Sqlite", MakeSqlite}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace headrace
