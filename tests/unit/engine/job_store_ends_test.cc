// Attempts, ends, results and lists: the second part of what every JobStore promises.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "job_store_contract.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

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

TEST_P(JobStoreContract, DropsTheParamsOfAJobThatHasEnded) {
  KeptJob job = MakeKept();
  job.media_type = "application/pdf";
  job.webhook_url = "https://example.org/";
  job.params = {{"dpi", "200"}, {"password", "secret"}};
  ASSERT_TRUE(calls.Insert(job));
  ASSERT_TRUE(calls.End(job.id, Succeeded()));
  const auto record = calls.Load(job.id);
  ASSERT_TRUE(record);
  EXPECT_THAT(record->job.params, IsEmpty());
  EXPECT_EQ(record->job.media_type, "application/pdf");
  EXPECT_EQ(record->job.webhook_url, "https://example.org/");
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
  const auto record = calls.Load(job.id, PartBytes::None());
  ASSERT_TRUE(record);
  ASSERT_THAT(record->end->outcome.parts, SizeIs(1));
  EXPECT_EQ(record->end->outcome.parts[0].bytes.size(), 0U);
  EXPECT_EQ(record->end->outcome.parts[0].whole_size, 5U);
  EXPECT_EQ(record->end->outcome.parts[0].crc32, 0x1234U);
}

TEST_P(JobStoreContract, GivesTheBytesOfOnePartWhereOneIsWanted) {
  const KeptJob job = Insert();
  const std::string large(100'000, 'l');
  ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", "12345"), MakePart("b", large)})));
  for (const auto& [name, a, b] : {std::tuple("a", 5, 0), {"b", 0, 100'000}, {"c", 0, 0}}) {
    const auto record = calls.Load(job.id, PartBytes::Of(name));
    ASSERT_TRUE(record);
    ASSERT_THAT(record->end->outcome.parts, SizeIs(2));
    EXPECT_EQ(record->end->outcome.parts[0].bytes.size(), static_cast<std::size_t>(a));
    EXPECT_EQ(record->end->outcome.parts[1].bytes.size(), static_cast<std::size_t>(b));
  }
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

TEST_P(JobStoreContract, EndsAPageBehindSoManyRecordsHoweverFewOfThemFit) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Insert("p", "a").id);
  std::sort(ids.rbegin(), ids.rend());
  Insert("p", "b");
  for (const std::string& id : ids) ASSERT_TRUE(calls.End(id, Succeeded()));
  RecordFilter filter;
  filter.tenant = "a";
  filter.queue = "none of theirs";
  filter.looks = 2;
  std::vector<std::string> next;
  do {
    const auto page = calls.TryList(filter);
    ASSERT_TRUE(page);
    EXPECT_THAT(page->records, IsEmpty());
    next.push_back(filter.before = page->next);
  } while (!filter.before.empty());
  EXPECT_THAT(next, ElementsAre(ids[1], ids[3], ""));
}

TEST_P(JobStoreContract, SaysWhetherThereIsAnotherPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Insert("p", "a").id);
  std::sort(ids.rbegin(), ids.rend());
  for (const std::string& id : ids) ASSERT_TRUE(calls.End(id, Succeeded()));
  RecordFilter filter;
  filter.tenant = "a";
  filter.limit = 2;
  EXPECT_EQ(calls.TryList(filter)->next, ids[1]);
  filter.limit = 3;
  EXPECT_EQ(calls.TryList(filter)->next, "");
  filter.before = ids[0];
  filter.limit = 2;
  EXPECT_EQ(calls.TryList(filter)->next, "");
}

TEST_P(JobStoreContract, ListsHowJobsEndedWithoutTheirParts) {
  const KeptJob job = Insert("p", "a");
  const JobEnd end = Succeeded({MakePart("a", "12345")});
  ASSERT_TRUE(calls.End(job.id, end));
  RecordFilter filter;
  filter.tenant = "a";
  const auto page = calls.TryList(filter);
  ASSERT_TRUE(page);
  ASSERT_THAT(page->records, SizeIs(1));
  EXPECT_EQ(page->next, "");
  const JobRecord& record = page->records.front();
  EXPECT_EQ(record.state, JobState::kSucceeded);
  ASSERT_TRUE(record.end);
  EXPECT_EQ(record.end->outcome.state, JobState::kSucceeded);
  EXPECT_THAT(record.end->outcome.parts, IsEmpty());
  EXPECT_EQ(record.end->keep, end.keep);
}

TEST_P(JobStoreContract, GivesTheKeyOfADroppedResultFree) {
  KeptJob job = MakeKept();
  job.idempotency = IdempotencyKey{"key", {}};
  ASSERT_TRUE(calls.Insert(job));
  ASSERT_TRUE(calls.End(job.id, Succeeded({MakePart("a", "12345")})));
  ASSERT_TRUE(calls.Load(job.id)->job.idempotency);
  ASSERT_TRUE(calls.DropResult(job.id));
  EXPECT_FALSE(calls.Load(job.id)->job.idempotency);
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

}  // namespace
}  // namespace headrace
