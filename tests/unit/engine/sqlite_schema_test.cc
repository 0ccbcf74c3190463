#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>

#include "engine/sqlite/codec.h"
#include "engine/sqlite/schema.h"
#include "store_support.h"

namespace headrace::sqlite {
namespace {

using testing::HasSubstr;

class Schema : public testing::Test {
 protected:
  std::unique_ptr<Database> Open() {
    Failure failure;
    auto db = Database::Open(folder.path().string() + "/db", Access::kReadWrite, "", failure);
    EXPECT_TRUE(db) << failure.text;
    return db;
  }
  Folder folder;
};

constexpr std::array<Migration, 3> kThree{
    "CREATE TABLE a(x); INSERT INTO a VALUES('from 1')",
    "ALTER TABLE a RENAME TO b",
    "UPDATE b SET x = x || ', 3'",
};

TEST_F(Schema, RunsMigrationsInOrderFromWhereTheDatabaseStands) {
  const auto db = Open();
  ASSERT_TRUE(Migrate(*db, std::span(kThree).first(1)));
  EXPECT_EQ(db->Number("PRAGMA user_version"), 1);
  EXPECT_EQ(db->Text("SELECT x FROM a"), "from 1");
  ASSERT_TRUE(Migrate(*db, kThree));
  EXPECT_EQ(db->Number("PRAGMA user_version"), 3);
  EXPECT_EQ(db->Text("SELECT x FROM b"), "from 1, 3");
  ASSERT_TRUE(Migrate(*db, kThree));
  EXPECT_EQ(db->Text("SELECT x FROM b"), "from 1, 3");
}

TEST_F(Schema, LeavesADatabaseAsItWasWhereAMigrationFails) {
  const auto db = Open();
  constexpr std::array<Migration, 2> kBad{kThree[0],
                                          "UPDATE a SET x = 'half'; INSERT INTO missing VALUES(1)"};
  const auto migrated = Migrate(*db, kBad);
  ASSERT_FALSE(migrated);
  EXPECT_THAT(migrated.error().detail, HasSubstr("version 2"));
  db->ForgetFailure();
  EXPECT_EQ(db->Number("PRAGMA user_version"), 1);
  EXPECT_EQ(db->Text("SELECT x FROM a"), "from 1");
}

TEST_F(Schema, OpensForWritingWithEveryFlushThatAcknowledgingTakes) {
  const auto db = OpenForWriting(folder.path().string() + "/jobs.db", "");
  ASSERT_TRUE(db);
  EXPECT_EQ((*db)->Text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ((*db)->Number("PRAGMA synchronous"), 2);
  EXPECT_EQ((*db)->Number("PRAGMA auto_vacuum"), 2);
  EXPECT_EQ((*db)->Number("PRAGMA journal_size_limit"), 64 << 20);
  EXPECT_EQ((*db)->Number("PRAGMA user_version"), static_cast<std::int64_t>(Migrations().size()));
}

TEST_F(Schema, TellsWhatLiesInAStatementFromWhatLiesInTheDisk) {
  EXPECT_TRUE((Failure{SQLITE_CONSTRAINT_UNIQUE, ""}.OfTheStatement()));
  EXPECT_TRUE((Failure{SQLITE_TOOBIG, ""}.OfTheStatement()));
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_READONLY, SQLITE_CORRUPT_INDEX,
                         SQLITE_BUSY, SQLITE_ERROR}) {
    EXPECT_FALSE((Failure{code, ""}.OfTheStatement())) << code;
  }
}

TEST(Codec, ReadsNothingPastTheEndOfWhatWasPacked) {
  KeptJob job;
  job.media_type = "text/plain";
  job.params = {{"a", "b"}};
  const std::string packed = PackSpec(job);
  KeptJob read;
  EXPECT_TRUE(UnpackSpec(packed, read));
  EXPECT_EQ(read.params, job.params);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    KeptJob ignored;
    // Without its last params it is one with fewer of them.
    const bool whole = size == 24 + job.media_type.size();
    EXPECT_EQ(UnpackSpec(std::string_view(packed).substr(0, size), ignored), whole) << size;
  }
  Error error;
  EXPECT_FALSE(UnpackError(std::string(100, '\xff'), error));
}

}  // namespace
}  // namespace headrace::sqlite
