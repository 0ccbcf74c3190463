#include "engine/sqlite/schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace headrace::sqlite {
namespace {

// "hdrc": tells our files from those of other programs.
constexpr std::int64_t kApplicationId = 0x68647263;

// Times are UTC milliseconds, those in `_boot` milliseconds of the boot clock; see clock.h. `spec`,
// `last_error` and `ending` are packed (codec.h). Bodies and parts lie in `bytes` or in a file.
//   job.seq     the order of acceptance
//   job.sweep   when its result, or all of it, is to go (boot clock)
//   part.at     the job's seq * 2^20 + the part's index
// An index over ids is the only one that each job pays for in full; the one over states is for
// lists and for recovery, which must not read what has ended.
constexpr Migration kVersion1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE queue(tag INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE job(
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  queue TEXT NOT NULL,
  tenant TEXT,
  urgency INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  started INTEGER,
  deadline_utc INTEGER,
  deadline_boot INTEGER,
  not_before_utc INTEGER,
  not_before_boot INTEGER,
  payload_size INTEGER NOT NULL,
  body_file TEXT,
  key BLOB,
  key_digest BLOB,
  spec BLOB NOT NULL,
  last_error BLOB,
  ended INTEGER,
  keep INTEGER,
  expires_utc INTEGER,
  expires_boot INTEGER,
  sweep INTEGER,
  result_dropped INTEGER NOT NULL DEFAULT 0,
  ending BLOB);
CREATE INDEX job_state ON job(state, id);
CREATE INDEX job_tenant ON job(tenant, id) WHERE tenant IS NOT NULL;
CREATE INDEX job_sweep ON job(sweep) WHERE sweep IS NOT NULL;
CREATE INDEX job_key ON job(state) WHERE key IS NOT NULL;
CREATE TABLE body(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE part(
  at INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  crc32 INTEGER NOT NULL,
  size INTEGER NOT NULL,
  file TEXT,
  bytes BLOB);
CREATE INDEX part_file ON part(file) WHERE file IS NOT NULL;
CREATE TABLE delivery(
  seq INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, due_utc INTEGER, due_boot INTEGER);
)sql";

constexpr std::array kMigrations{kVersion1};

// Only for us: params hold secrets. SQLite gives its other files the mode of this one. One that is
// there is not opened: to close it would free the locks that SQLite has on it in this process.
Status CreateFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file || errno == EEXIST) return Ok();
  return EngineDown(fmt::format("{}: {}; the store needs a folder that it can write to", path,
                                std::strerror(errno)));
}

// In this order: the first two take effect before the first table only.
bool Configure(Database& db) {
  return db.Run("PRAGMA auto_vacuum=INCREMENTAL") && db.Text("PRAGMA journal_mode=WAL") == "wal" &&
         db.Run(
             "PRAGMA synchronous=FULL;"
             "PRAGMA journal_size_limit=67108864;"
             "PRAGMA cache_size=-8192;"
             "PRAGMA temp_store=MEMORY;"
             // Overwrites what is dropped where that costs no page more.
             "PRAGMA secure_delete=FAST") &&
         db.Number("PRAGMA synchronous") == 2;
}

bool Apply(Database& db, Migration migration, std::size_t version) {
  const std::string mark = fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; COMMIT",
                                       kApplicationId, version);
  if (db.Run("BEGIN IMMEDIATE") && db.Run(migration) && db.Run(mark.c_str())) return true;
  db.Rollback();
  return false;
}

}  // namespace

std::span<const Migration> Migrations() { return kMigrations; }

Error EngineDown(std::string detail) {
  return Error{ErrorCode::kUnavailable, "engine-down",
               "the service cannot keep jobs at the moment; try again later", std::move(detail), 2};
}

std::string Explain(const Failure& failure, const std::string& path) {
  if (failure.Corrupt()) {
    return fmt::format(
        "{} is damaged or no database: {}. Put a backup in its place, or move the whole folder "
        "away "
        "to begin anew",
        path, failure.text);
  }
  if (failure.DiskFull()) return fmt::format("{}: the disk is full: {}", path, failure.text);
  switch (failure.code & 0xff) {
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return fmt::format("{}: cannot be written: {}", path, failure.text);
    default:
      return fmt::format("{}: {}", path, failure.text);
  }
}

Status Migrate(Database& db, std::span<const Migration> migrations) {
  const auto application = db.Number("PRAGMA application_id");
  const auto version = db.Number("PRAGMA user_version");
  const auto tables = db.Number("SELECT count(*) FROM sqlite_master");
  if (db.failed() || !application || !version || !tables) return EngineDown(db.failure().text);
  if (*application != kApplicationId && (*application != 0 || *version != 0 || *tables != 0)) {
    return EngineDown("it is the database of another program; give the store a folder of its own");
  }
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (*version > newest) {
    return EngineDown(
        fmt::format("its schema has version {}, this program knows {} at most: it was written by a "
                    "newer one, which alone can use it",
                    *version, newest));
  }
  for (auto step = static_cast<std::size_t>(*version); step < migrations.size(); ++step) {
    if (!Apply(db, migrations[step], step + 1)) {
      return EngineDown(
          fmt::format("migration to version {} failed: {}", step + 1, db.failure().text));
    }
  }
  return Ok();
}

Expected<std::unique_ptr<Database>> OpenForWriting(const std::string& path,
                                                   const std::string& vfs) {
  if (auto created = CreateFile(path); !created) return std::move(created).error();
  Failure failure;
  auto db = Database::Open(path, Access::kReadWrite, vfs, failure);
  if (db == nullptr) return EngineDown(Explain(failure, path));
  if (!Configure(*db)) {
    if (db->failed()) return EngineDown(Explain(db->failure(), path));
    return EngineDown(path + ": the disk takes no write-ahead log with synchronous=FULL");
  }
  if (auto migrated = Migrate(*db, Migrations()); !migrated) {
    Error error = std::move(migrated).error();
    if (db->failed() && db->failure().Corrupt()) return EngineDown(Explain(db->failure(), path));
    error.detail = path + ": " + error.detail;
    return error;
  }
  return db;
}

}  // namespace headrace::sqlite
