// Every call to the disk fails once: what was told to be kept is there afterwards, what was told to
// have failed is not, and nothing is left half.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "engine/sqlite/database.h"
#include "faults.h"
#include "sqlite_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

const std::string kLarge(100'000, 'L');

// Tells what is done to files, and does not go on with the last step until it may.
class SlowFiles final : public FileOps {
 public:
  UniqueFd Create(int folder, const std::string& name) override {
    steps += "create ";
    return FileOps::Create(folder, name);
  }
  bool Write(int file, const Payload& payload) override {
    steps += "write ";
    return FileOps::Write(file, payload);
  }
  bool Sync(int file) override {
    steps += "sync ";
    return FileOps::Sync(file);
  }
  bool Rename(int folder, const std::string& from, const std::string& to) override {
    steps += "rename ";
    return FileOps::Rename(folder, from, to);
  }
  bool SyncFolder(int folder) override {
    steps += "sync-folder";
    there.Set();
    return goes_on.Wait() && FileOps::SyncFolder(folder);
  }
  std::string steps;  // of one file at a time
  Event there;
  Event goes_on;
};

// Only the files of bodies fail.
class BrokenSync final : public FileOps {
 public:
  bool Sync(int file) override {
    if (!broken) return FileOps::Sync(file);
    errno = ENOSPC;
    return false;
  }
  std::atomic<bool> broken{true};
};

// What was acknowledged of a job.
struct Known {
  std::string payload;
  bool inserted = false;
  bool ended = false;
  bool dropped = false;
  bool delivery = false;
};

class SqliteFaults : public SqliteFixture {
 protected:
  SqliteFaults() {
    options.vfs = "faulty";
    options.file_ops = &files;
    options.file_threads = 2;
  }

  ~SqliteFaults() override { Close(); }  // while what it uses is there

  // After the failure of a call, where it is to be repeated: once the store works again.
  bool Succeeds(const std::function<Status()>& call) {
    if (call()) return true;
    if (!repeats) return false;
    EXPECT_TRUE(Eventually([&] { return store->Healthy().empty(); }));
    const Status again = call();
    EXPECT_TRUE(again) << again.error().detail;
    return again.ok();
  }

  std::string Insert(const std::string& payload) {
    const KeptJob job = MakeKept("tenant");
    Known& known = jobs[job.id];
    known.payload = payload;
    known.inserted = Succeeds([&] { return calls->Insert(job, payload); });
    return job.id;
  }

  void End(const std::string& id, const std::string& part, bool tells = false) {
    JobEnd end = Succeeded({MakePart("a", part), MakePart("b", "small")});
    end.tells_webhook = tells;
    const bool ended = Succeeds([&] { return calls->End(id, end); });
    jobs[id].ended = ended && jobs[id].inserted;
  }

  // A bit of everything.
  void Work() {
    const std::string small = Insert("small");
    const std::string large = Insert(kLarge);
    Insert(kLarge);
    Insert("waits");
    store->Begin(small, 1, UtcNow());
    store->Begin(large, 1, UtcNow());
    End(small, "result");
    if (Succeeds([&] { return calls->Return(large, 1); })) store->Begin(large, 2, UtcNow());
    End(large, kLarge, /*tells=*/true);
    const auto next = PendingDelivery{large, 1, SteadyClock::now() + std::chrono::hours(1)};
    jobs[large].delivery = Succeeds([&] { return calls->SetDelivery(large, next); });
    const std::string dropped = Insert("d");
    End(dropped, kLarge);
    jobs[dropped].dropped =
        Succeeds([&] { return calls->DropResult(dropped); }) && jobs[dropped].ended;
    calls->Load(small);
    calls->List({});
  }

  void CheckRecord(const std::string& id, const Known& known, const JobRecord& record) {
    if (known.ended) {
      EXPECT_EQ(record.state, JobState::kSucceeded);
    }
    if (exact) {
      EXPECT_EQ(record.state == JobState::kSucceeded, known.ended);
    }
    if (known.dropped) {
      EXPECT_TRUE(record.result_dropped);
    }
    if (!record.end) {
      const auto payload = store->LoadPayload(id);
      ASSERT_TRUE(payload) << payload.error().detail;
      EXPECT_TRUE(TextOf(*payload) == known.payload);
      wanted_files += known.payload.size() == kLarge.size();
      return;
    }
    if (record.result_dropped) return;
    ASSERT_EQ(record.end->outcome.parts.size(), 2U);
    EXPECT_EQ(TextOf(record.end->outcome.parts[1].bytes), "small");
    const std::string text = TextOf(record.end->outcome.parts[0].bytes);
    EXPECT_TRUE(text == "result" || text == kLarge);
    wanted_files += text == kLarge;
  }

  // In a new process, as it were, on a disk that works.
  void Check() {
    Close();
    faults.FailNothing();
    Open();
    wanted_files = 0;
    std::size_t records = 0;
    for (const auto& [id, known] : jobs) {
      SCOPED_TRACE(id);
      const auto record = calls->TryLoad(id);
      ASSERT_TRUE(record) << record.error().detail;
      if (known.inserted) {
        EXPECT_TRUE(*record);
      }
      if (exact && !known.inserted) {
        EXPECT_FALSE(*record);
      }
      if (!*record) continue;
      ++records;
      CheckRecord(id, known, **record);
      if (known.delivery && known.ended) {
        EXPECT_EQ(recovered.deliveries.size(), 1U);
      }
    }
    EXPECT_EQ(calls->List({}).size(), records);
    EXPECT_EQ(BodyNames().size(), wanted_files);
    EXPECT_EQ(store->Healthy(), "");
    EXPECT_TRUE(calls->Insert(MakeKept(), kLarge));
    Close();
  }

  // One walk: the n-th call fails, and `count - 1` after it; until there are not so many calls.
  void Walk(int count) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE("call " + std::to_string(n));
      const Folder own("/dev/shm");  // where a flush costs nothing
      options.path = own.path().string() + "/store";
      jobs.clear();
      faults.FailNothing();
      Open();
      faults.FailFrom(n, count);
      Work();
      // Also what nobody waits for: files that go, turns of the writer.
      const bool failed = faults.AnyFailed();
      Check();
      if (HasFailure()) return;
      if (!failed) {
        EXPECT_GT(n, 50);  // it has been a walk
        return;
      }
    }
  }

  Faults faults;
  FaultyFiles files{faults};
  SlowFiles slow;
  BrokenSync broken;
  std::map<std::string, Known> jobs;
  bool repeats = false;  // failed calls are made again
  bool exact = true;     // what failed is not there
  std::size_t wanted_files = 0;
};

TEST_F(SqliteFaults, KeepsWhatItSaidWhicheverCallFailsOnce) { Walk(1); }

TEST_F(SqliteFaults, TakesACallAgainWhicheverCallOfItFailed) {
  repeats = true;
  Walk(1);
}

TEST_F(SqliteFaults, KeepsWhatItSaidWhenTheDiskIsGoneFromAnyCallOn) {
  exact = false;  // what was refused cannot be undone on a disk that is gone
  Walk(std::numeric_limits<int>::max());
}

TEST_F(SqliteFaults, RecoversAfterARecoveryWhoseAnyCallFailed) {
  Open();
  Work();
  Close();
  for (int n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    faults.FailFrom(n, 1);
    {
      SqliteStore other(options);
      const auto answer = other.Recover({"work", "q" + std::to_string(n)});
      if (!answer) {
        EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
      }
    }
    const bool failed = faults.AnyFailed();
    faults.FailNothing();
    if (!failed) break;
  }
  Check();
}

TEST_F(SqliteFaults, RefusesWithTheCauseWhileTheDiskIsFullAndGoesOnByItself) {
  Open();
  const KeptJob before = SqliteFixture::Insert();
  faults.SetCode(SQLITE_FULL);
  faults.FailFrom(1);
  const Status refused = calls->Insert(MakeKept());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().type, "engine-down");
  EXPECT_THAT(refused.error().detail, HasSubstr("full"));
  EXPECT_NE(store->Healthy(), "");
  const auto errors = store->Errors();
  EXPECT_GE(errors, 1);
  EXPECT_TRUE(Eventually([&] { return store->Errors() > errors; })) << "it tries again";
  EXPECT_FALSE(calls->End(before.id, Succeeded()));
  faults.FailNothing();
  EXPECT_TRUE(Eventually([&] { return store->Healthy().empty(); }));
  EXPECT_TRUE(calls->End(before.id, Succeeded()));
  EXPECT_EQ(calls->Load(before.id)->state, JobState::kSucceeded);
}

TEST_F(SqliteFaults, SaysThatTheDiskIsReadOnly) {
  Open();
  faults.SetCode(SQLITE_READONLY);
  faults.FailFrom(1);
  EXPECT_FALSE(calls->Insert(MakeKept()));
  EXPECT_THAT(store->Healthy(), HasSubstr("cannot be written"));
  faults.FailNothing();
  EXPECT_TRUE(Eventually([&] { return store->Healthy().empty(); }));
}

TEST_F(SqliteFaults, LooksThroughADatabaseThatSeemedDamagedBeforeItGoesOn) {
  Open();
  faults.SetCode(SQLITE_CORRUPT);
  faults.FailFrom(1);
  EXPECT_FALSE(calls->Insert(MakeKept()));
  EXPECT_THAT(store->Healthy(), HasSubstr("damaged"));
  faults.FailNothing();
  EXPECT_TRUE(Eventually([&] { return store->Healthy().empty(); }));
}

TEST_F(SqliteFaults, WritesTheRowOfALongBodyAfterItsFileAndNameAreSynced) {
  options.file_ops = &slow;
  Open();
  const KeptJob job = MakeKept();
  Event told;
  store->Insert(job, Payload::FromString(kLarge), [&](const Status&) { told.Set(); });
  ASSERT_TRUE(slow.there.Wait());
  EXPECT_EQ(slow.steps, "create write sync rename sync-folder");
  SqliteFixture::Insert("another job does not wait for it");
  sqlite::Failure failure;
  const auto db = sqlite::Database::Open(Database(), sqlite::Access::kReadOnly, "", failure);
  ASSERT_TRUE(db);
  EXPECT_EQ(db->Number("SELECT count(*) FROM job"), 1);
  EXPECT_EQ(told.Count(), 0);
  slow.goes_on.Set();
  EXPECT_TRUE(told.Wait());
  EXPECT_EQ(db->Number("SELECT count(*) FROM job"), 2);
}

TEST_F(SqliteFaults, FailsALongBodyAloneWhenItsFileCannotBeWritten) {
  options.file_ops = &broken;
  Open();
  const KeptJob large = MakeKept();
  const Status refused = calls->Insert(large, kLarge);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("No space left"));
  EXPECT_THAT(store->Healthy(), HasSubstr("No space left"));
  EXPECT_GE(store->Errors(), 1);
  // But for those that are to show whether the disk takes bytes again.
  EXPECT_TRUE(Eventually([&] { return BodyNames().empty(); }));
  const KeptJob small = SqliteFixture::Insert("small");
  EXPECT_FALSE(calls->End(small.id, Succeeded({MakePart("a", "x"), MakePart("b", kLarge)})));
  EXPECT_EQ(calls->Load(small.id)->state, JobState::kWaiting);
  broken.broken = false;
  EXPECT_TRUE(Eventually([&] { return store->Healthy().empty(); }));
  EXPECT_TRUE(calls->Insert(large, kLarge));
  EXPECT_TRUE(calls->End(small.id, Succeeded({MakePart("a", "x"), MakePart("b", kLarge)})));
}

}  // namespace
}  // namespace headrace
