#include "engine/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/sqlite/database.h"
#include "sqlite_fixture.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class SqliteStoreTest : public SqliteFixture {
 protected:
  // Runs SQL behind the store's back.
  void Sql(const std::string& sql) const {
    sqlite::Failure failure;
    const auto db = sqlite::Database::Open(Database(), sqlite::Access::kReadWrite, "", failure);
    ASSERT_TRUE(db) << failure.text;
    ASSERT_TRUE(db->Run(sql.c_str())) << db->failure().text;
  }
  [[nodiscard]] std::string Ask(const char* sql) const {
    sqlite::Failure failure;
    const auto db = sqlite::Database::Open(Database(), sqlite::Access::kReadOnly, "", failure);
    return db ? db->Text(sql).value_or("nothing") : failure.text;
  }
};

std::vector<std::string> Ids(const std::vector<KeptJob>& jobs) {
  std::vector<std::string> ids;
  for (const KeptJob& job : jobs) ids.push_back(job.id);
  return ids;
}

TEST_F(SqliteStoreTest, GivesUnfinishedJobsBackInTheOrderOfTheirInsertion) {
  Open();
  std::vector<std::string> ids;
  std::vector<KeptJob> jobs;
  for (int i = 0; i < 50; ++i) {
    const KeptJob job = MakeKept();
    ids.push_back(job.id);
    // Those with a file of their own come to the writer later than those after them.
    store->Insert(job, Payload::FromString(std::string(i % 3 == 0 ? 100'000 : 10, 'x')),
                  [](const Status&) {});
  }
  store->Begin(ids[1], 2, UtcNow());
  ASSERT_TRUE(calls->End(ids[0], Succeeded()));
  Reopen();
  ids.erase(ids.begin());
  EXPECT_EQ(Ids(recovered.unfinished), ids);
  EXPECT_EQ(recovered.unfinished[0].attempt, 2U);
  EXPECT_EQ(calls->Load(ids[0])->state, JobState::kWaiting);
  EXPECT_EQ(store->LoadPayload(ids[2])->size(), 100'000U);
}

TEST_F(SqliteStoreTest, WritesWhatNobodyWaitsForByItself) {
  Open();
  const KeptJob job = Insert();
  store->Begin(job.id, 1, UtcNow());
  EXPECT_TRUE(Eventually([&] { return Ask("SELECT state FROM job") == "1"; }));
}

TEST_F(SqliteStoreTest, TellsAStatusWhileAListAndAResultAreBeingRead) {
  Open();
  const KeptJob job = Insert();
  ASSERT_TRUE(calls->End(job.id, Succeeded({MakePart("a", "12345")})));
  Event reading;
  Event go;
  store->List({}, [&](const auto&) {
    reading.Set();
    EXPECT_TRUE(go.Wait());
  });
  ASSERT_TRUE(reading.Wait());
  Event told;
  store->Load(job.id, PartBytes::OfAll(), [&](const auto&) { told.Set(); });
  EXPECT_TRUE(calls->Load(job.id, PartBytes::None()));
  EXPECT_EQ(told.Count(), 0) << "the result stands behind the list";
  go.Set();
  EXPECT_TRUE(told.Wait());
}

TEST_F(SqliteStoreTest, GivesHeldKeysAndDeliveriesBack) {
  Open();
  KeptJob held = MakeKept("tenant");
  held.idempotency = IdempotencyKey{"held", {7}};
  KeptJob freed = MakeKept("tenant");
  freed.idempotency = IdempotencyKey{"freed", {}};
  ASSERT_TRUE(calls->Insert(held));
  ASSERT_TRUE(calls->Insert(freed));
  JobEnd end = Succeeded();
  end.tells_webhook = true;
  ASSERT_TRUE(calls->End(held.id, end));
  end.frees_key = true;
  ASSERT_TRUE(calls->End(freed.id, end));
  const SteadyTime due = SteadyClock::now() + hours(1);
  ASSERT_TRUE(calls->SetDelivery(freed.id, PendingDelivery{freed.id, 3, due}));
  Reopen();
  ASSERT_THAT(recovered.held_keys, SizeIs(1));
  EXPECT_EQ(recovered.held_keys[0].id, held.id);
  EXPECT_EQ(recovered.held_keys[0].tenant, "tenant");
  EXPECT_EQ(recovered.held_keys[0].queue, "work");
  EXPECT_EQ(recovered.held_keys[0].idempotency->key, "held");
  EXPECT_EQ(recovered.held_keys[0].idempotency->digest[0], 7);
  EXPECT_FALSE(recovered.held_keys[0].deadline.IsNever());
  ASSERT_THAT(recovered.deliveries, SizeIs(2));
  EXPECT_EQ(recovered.deliveries[0].job_id, held.id);
  EXPECT_EQ(recovered.deliveries[0].attempts, 0U);
  EXPECT_EQ(recovered.deliveries[0].due, SteadyTime::min());
  EXPECT_EQ(recovered.deliveries[1].attempts, 3U);
  EXPECT_LT(std::chrono::abs(recovered.deliveries[1].due - due), milliseconds(100));
}

TEST_F(SqliteStoreTest, GivesAKeyToTheNewestOfItsJobs) {
  Open();
  KeptJob older = MakeKept();
  KeptJob newer = MakeKept();
  KeptJob of_another = MakeKept("other");
  for (KeptJob* job : {&older, &newer, &of_another}) {
    job->idempotency = IdempotencyKey{"key", {}};
    EXPECT_TRUE(calls->Insert(*job));
  }
  Reopen();
  ASSERT_THAT(recovered.unfinished, SizeIs(3));
  EXPECT_FALSE(recovered.unfinished[0].idempotency);
  EXPECT_TRUE(recovered.unfinished[1].idempotency);
  EXPECT_TRUE(recovered.unfinished[2].idempotency);
}

TEST_F(SqliteStoreTest, KeepsTheNumbersOfQueuesWhateverTheirOrder) {
  Open({"a", "b"});
  EXPECT_THAT(recovered.tags, ElementsAre(0U, 1U));
  Close();
  Open({"c", "b"});
  EXPECT_THAT(recovered.tags, ElementsAre(2U, 1U));
  Close();
  Open({"b", "a", "c", "d"});
  EXPECT_THAT(recovered.tags, ElementsAre(1U, 0U, 2U, 3U));
}

TEST_F(SqliteStoreTest, SaysThatAllNumbersOfQueuesAreTaken) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMaxQueues; ++i) names.push_back("q" + std::to_string(i));
  Open(names);
  EXPECT_EQ(recovered.tags.back(), kMaxQueues - 1);
  Close();
  EXPECT_THAT(WhyNot(), HasSubstr("begin anew"));
}

TEST_F(SqliteStoreTest, LetsNoSecondProcessIntoItsFolder) {
  Open();
  EXPECT_THAT(WhyNot(), HasSubstr("another process"));
  Close();
  EXPECT_EQ(WhyNot(), "it can");
}

TEST_F(SqliteStoreTest, KeepsItsFilesForTheirOwner) {
  Open();
  Insert(std::string(100'000, 'x'));
  const auto mode = [](const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
  };
  EXPECT_EQ(mode(options.path), 0700U);
  EXPECT_EQ(mode(Bodies()), 0700U);
  for (const char* name : {"/jobs.db", "/jobs.db-wal", "/jobs.db-shm", "/lock"}) {
    EXPECT_EQ(mode(options.path + name), 0600U) << name;
  }
  ASSERT_THAT(BodyNames(), SizeIs(1));
  EXPECT_EQ(mode(Bodies() + "/" + BodyNames()[0]), 0600U);
}

TEST_F(SqliteStoreTest, MakesTheWholePathOfItsFolder) {
  options.path = folder.path().string() + "/a/b/c";
  Open();
  EXPECT_EQ(store->Healthy(), "");
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfANewerVersion) {
  Open();
  Close();
  Sql("PRAGMA user_version=99");
  EXPECT_THAT(WhyNot(), HasSubstr("version 99"));
  EXPECT_THAT(WhyNot(), HasSubstr("newer"));
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfAnotherProgram) {
  std::filesystem::create_directory(options.path);
  Sql("CREATE TABLE theirs(a)");
  EXPECT_THAT(WhyNot(), HasSubstr("another program"));
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoDatabase) {
  std::filesystem::create_directory(options.path);
  std::ofstream(Database()) << std::string(10'000, 'x');
  EXPECT_THAT(WhyNot(), HasSubstr("damaged or no database"));
}

TEST_F(SqliteStoreTest, RefusesADamagedDatabase) {
  Open();
  for (int i = 0; i < 200; ++i) Insert();
  Close();
  {
    std::fstream file(Database(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 1; page < 30; ++page) {
      file.seekp(page * 4096);
      file << std::string(4096, '\xa5');
    }
  }
  EXPECT_THAT(WhyNot(), HasSubstr("damaged or no database"));
}

TEST_F(SqliteStoreTest, RefusesAFolderThatCannotBeMade) {
  options.path = "/proc/headrace";
  EXPECT_THAT(WhyNot(), StartsWith("mkdir /proc/headrace: "));
}

TEST_F(SqliteStoreTest, SweepsFilesThatNothingRefersTo) {
  Open();
  const KeptJob waiting = Insert(std::string(100'000, 'x'));
  const KeptJob done = Insert();
  ASSERT_TRUE(calls->End(done.id, Succeeded({MakePart("a", std::string(100'000, 'x'))})));
  Close();
  const auto wanted = BodyNames();
  ASSERT_THAT(wanted, SizeIs(2));
  for (const std::string& name :
       {std::string("unfinished-7"), NewJobId(0) + ".body", NewJobId(0) + ".1.0",
        waiting.id + ".1.0", waiting.id + ".body.1", done.id + ".body", std::string("README")}) {
    std::ofstream(Bodies() + "/" + name) << "x";
  }
  Open();
  auto expected = wanted;
  expected.emplace_back("README");  // whoever put that there
  EXPECT_THAT(BodyNames(), testing::UnorderedElementsAreArray(expected));
}

TEST_F(SqliteStoreTest, DeletesABodyWithTheEndAndAResultWithItsTime) {
  options.clock = clock.Clock();
  Open();
  const KeptJob job = Insert(std::string(100'000, 'x'));
  store->Begin(job.id, 4, UtcNow());
  EXPECT_THAT(BodyNames(), ElementsAre(job.id + ".body"));
  ASSERT_TRUE(calls->End(
      job.id, Succeeded({MakePart("s", "s"), MakePart("a", std::string(100'000, 'x'))})));
  const std::vector<std::string> result{job.id + ".4.1"};
  EXPECT_TRUE(Eventually([&] { return BodyNames() == result; }));
  clock.Pass(minutes(10));
  EXPECT_TRUE(Eventually([&] { return BodyNames().empty(); }));
  EXPECT_FALSE(calls->Load(job.id));
}

TEST_F(SqliteStoreTest, ExpiresNothingWhenTheWallClockIsSet) {
  options.clock = clock.Clock();
  Open();
  const KeptJob early = Insert();
  const KeptJob late = Insert();
  JobEnd end = Succeeded({MakePart("a", "x")});
  end.keep = minutes(1);
  ASSERT_TRUE(calls->End(early.id, end));
  end.keep = minutes(3);
  ASSERT_TRUE(calls->End(late.id, end));
  clock.utc += milliseconds(hours(24)).count();
  clock.boot += milliseconds(minutes(2)).count();
  // When the first one has gone by the boot clock, a turn has passed that could have seen the
  // other.
  EXPECT_TRUE(Eventually([&] { return !calls->Load(early.id); }));
  EXPECT_FALSE(calls->Load(late.id)->result_dropped);
  Reopen();  // in the same boot of the machine
  EXPECT_FALSE(calls->Load(late.id)->result_dropped);
}

TEST_F(SqliteStoreTest, GoesByTheWallClockAfterABootOfTheMachine) {
  options.clock = clock.Clock();
  Open();
  KeptJob job = MakeKept();
  job.accepted = UtcTime(milliseconds(clock.utc));
  job.deadline = Deadline::After(hours(10));
  job.not_before = SteadyClock::now() + hours(5);
  ASSERT_TRUE(calls->Insert(job));
  const KeptJob over = Insert();
  const KeptJob kept = Insert();
  JobEnd end = Succeeded();
  end.keep = hours(1);
  end.tells_webhook = true;
  ASSERT_TRUE(calls->End(over.id, end));
  ASSERT_TRUE(calls->SetDelivery(over.id, std::nullopt));
  end.keep = hours(3);
  ASSERT_TRUE(calls->End(kept.id, end));
  ASSERT_TRUE(
      calls->SetDelivery(kept.id, PendingDelivery{kept.id, 1, SteadyClock::now() + hours(3)}));
  Close();
  clock.utc += milliseconds(hours(2)).count();
  clock.boot = 5;
  clock.boots = 2;
  Open();
  ASSERT_THAT(recovered.unfinished, SizeIs(1));
  const auto left = [](SteadyTime time) {
    return std::chrono::round<minutes>(time - SteadyClock::now());
  };
  EXPECT_EQ(left(recovered.unfinished[0].deadline.time()), hours(8));
  EXPECT_EQ(left(recovered.unfinished[0].not_before), hours(3));
  EXPECT_EQ(left(recovered.deliveries.at(0).due), hours(1));
  EXPECT_TRUE(Eventually([&] { return !calls->Load(over.id); }));
  EXPECT_FALSE(calls->Load(kept.id)->result_dropped);
}

TEST_F(SqliteStoreTest, LetsNothingLastLongerAfterABootWithAClockThatWasSetBack) {
  options.clock = clock.Clock();
  Open();
  KeptJob job = MakeKept();
  job.accepted = UtcTime(milliseconds(clock.utc));
  job.deadline = Deadline::After(hours(10));
  ASSERT_TRUE(calls->Insert(job));
  ASSERT_TRUE(calls->Return(job.id, 1, SteadyClock::now() + hours(1)));
  const KeptJob ended = Insert();
  JobEnd end = Succeeded();
  end.ended = job.accepted;
  const KeptJob told = Insert();
  ASSERT_TRUE(calls->End(told.id, end));
  ASSERT_TRUE(
      calls->SetDelivery(told.id, PendingDelivery{told.id, 1, SteadyClock::now() + hours(2)}));
  ASSERT_TRUE(calls->End(ended.id, Succeeded()));
  Close();
  clock.utc = 0;
  clock.boots = 2;
  Open();
  EXPECT_LE(recovered.unfinished.at(0).deadline.time(), SteadyClock::now() + hours(10));
  EXPECT_LE(recovered.unfinished.at(0).not_before, SteadyClock::now() + hours(1));
  EXPECT_LE(recovered.deliveries.at(0).due, SteadyClock::now() + hours(2));
  clock.Pass(minutes(10));
  EXPECT_TRUE(Eventually([&] { return !calls->Load(ended.id); }));
}

TEST_F(SqliteStoreTest, DeletesManyRecordsInTurns) {
  options.clock = clock.Clock();
  Open();
  std::vector<std::string> ids;
  Event ended;
  constexpr int kJobs = 1300;  // more than two turns
  for (int i = 0; i < kJobs; ++i) {
    const KeptJob job = MakeKept();
    store->Insert(job, {}, [](const Status&) {});
    store->End(job.id, Succeeded({MakePart("a", "x")}), [&](const Status&) { ended.Set(); });
  }
  ASSERT_TRUE(ended.Wait(kJobs));
  clock.Pass(minutes(10));
  EXPECT_TRUE(Eventually([&] { return calls->List({}).empty(); }));
  Close();
  EXPECT_EQ(Ask("SELECT count(*) FROM part"), "0");
  EXPECT_EQ(Ask("SELECT count(*) FROM body"), "0");
}

TEST_F(SqliteStoreTest, FailsOneCallThatCannotBeKeptAndNoOther) {
  options.retry = hours(1);  // it would be seen that the database was given up
  Open();
  const KeptJob first = Insert(std::string(100'000, '1'));
  Event told;
  std::atomic<int> failed{0};
  const auto done = [&](const Status& status) {
    if (!status) ++failed;
    told.Set();
  };
  std::vector<std::string> ids{first.id};
  for (int i = 0; i < 10; ++i) {
    const KeptJob job = MakeKept();
    ids.push_back(job.id);
    store->Insert(job, Payload::FromString("x"), done);
    if (i == 5) store->Insert(first, Payload::FromString(std::string(100'000, '2')), done);
  }
  ASSERT_TRUE(told.Wait(11));
  EXPECT_EQ(failed, 1);
  ids.push_back(Insert().id);
  EXPECT_EQ(store->Healthy(), "");
  Reopen();
  EXPECT_EQ(Ids(recovered.unfinished), ids);
  EXPECT_EQ(TextOf(*store->LoadPayload(first.id)), std::string(100'000, '1'));
  EXPECT_THAT(BodyNames(), SizeIs(1));
}

TEST_F(SqliteStoreTest, NamesEveryProblemOfItsOptions) {
  SqliteOptions bad;
  bad.file_threads = 0;
  bad.inline_max = std::size_t{1} << 40U;
  EXPECT_THAT(Validate(bad), ElementsAre(StartsWith("path: "), StartsWith("inline_max: "),
                                         StartsWith("file_threads: ")));
  EXPECT_THAT(Validate(options), IsEmpty());
}

}  // namespace
}  // namespace headrace
