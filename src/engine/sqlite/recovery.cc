#include "engine/sqlite/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/job_id.h"
#include "engine/sqlite/records.h"
#include "engine/sqlite/schema.h"
#include "engine/sqlite/tables.h"

namespace headrace::sqlite {
namespace {

Error Failed(const char* call, const std::string& path) {
  return EngineDown(fmt::format("{} {}: {}; the store needs a folder that it can write to", call,
                                path, std::strerror(errno)));
}

// Whether the folder is there, for good if it is new.
bool Made(const std::filesystem::path& path) {
  if (mkdir(path.c_str(), 0700) != 0) return errno == EEXIST;
  const UniqueFd parent(open((path / "..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return parent && fsync(parent.get()) == 0;
}

Status MakeFolder(const std::filesystem::path& path) {
  if (Made(path)) return Ok();
  if (errno != ENOENT || !path.has_relative_path()) return Failed("mkdir", path);
  if (auto parent = MakeFolder(path.parent_path()); !parent) return parent;
  if (Made(path)) return Ok();
  return Failed("mkdir", path);
}

Status Committed(Database& db) {
  if (!db.failed() && db.Run("COMMIT")) return Ok();
  db.Rollback();
  return EngineDown(db.failure().text);
}

// A wall clock that was set back meanwhile makes nothing last longer than it was to last, counted
// from when its job came, or ended.
void MoveTimes(Database& db, const Moment& now) {
  Statement(db,
            "UPDATE job SET deadline_boot = ?2 + min(deadline_utc - ?1, deadline_utc - accepted)"
            " WHERE state IN (0, 1) AND deadline_utc IS NOT NULL")
      .Do(now.utc, now.boot);
  Statement(db,
            "UPDATE job SET not_before_boot ="
            " ?2 + min(not_before_utc - ?1, not_before_utc - accepted)"
            " WHERE state IN (0, 1) AND not_before_utc IS NOT NULL")
      .Do(now.utc, now.boot);
  Statement(db,
            "UPDATE job SET expires_boot = ?2 + min(expires_utc - ?1, keep),"
            " sweep = iif(sweep IS NULL, NULL, ?2 + min(expires_utc - ?1, keep))"
            " WHERE state >= 2")
      .Do(now.utc, now.boot);
  Statement(db,
            "UPDATE delivery SET due_boot = ?2 + min(due_utc - ?1, due_utc - job.ended)"
            " FROM job WHERE job.seq = delivery.seq AND due_utc IS NOT NULL")
      .Do(now.utc, now.boot);
}

std::optional<std::size_t> FindTag(Database& db, const std::string& queue) {
  Statement find(db, "SELECT tag FROM queue WHERE name=?");
  Rows rows = find.Query(queue);
  if (!rows.Next()) return std::nullopt;
  return static_cast<std::size_t>(rows.Int(0));
}

std::optional<std::size_t> FreeTag(Database& db) {
  const auto tag = db.Number(
      "SELECT iif(EXISTS(SELECT 1 FROM queue WHERE tag=0),"
      " (SELECT min(tag) + 1 FROM queue AS a WHERE NOT EXISTS"
      "  (SELECT 1 FROM queue AS b WHERE b.tag = a.tag + 1)), 0)");
  if (!tag || *tag >= static_cast<std::int64_t>(kMaxQueues)) return std::nullopt;
  return static_cast<std::size_t>(*tag);
}

Status TakeOver(Database& db, const Clock& clock) {
  const std::string boot_id = clock.boot_id();
  db.Run("BEGIN IMMEDIATE");
  db.Run("UPDATE job SET state=0 WHERE state=1");
  // A key may have been given free, and used by another job, before the end of the first was saved.
  db.Run(
      "WITH newest AS (SELECT max(seq) FROM job WHERE key IS NOT NULL GROUP BY queue, tenant, key)"
      " UPDATE job SET key=NULL, key_digest=NULL WHERE key IS NOT NULL AND seq NOT IN newest");
  if (db.Text("SELECT value FROM meta WHERE name='boot_id'") != boot_id) {
    MoveTimes(db, Moment::Now(clock));
    Statement(db, "INSERT OR REPLACE INTO meta(name, value) VALUES('boot_id', ?)").Do(boot_id);
  }
  return Committed(db);
}

Status SweepFiles(Database& db, BodyFiles& files) {
  auto names = files.Names();
  if (!names) return std::move(names).error();
  Tables tables(db);
  for (const std::string& name : *names) {
    const bool wanted = !BodyFiles::IsUnfinished(name) && tables.Refers(name);
    if (db.failed()) return EngineDown(db.failure().text);
    if (!wanted) files.Remove(name);
  }
  return Ok();
}

// A number for a name that had none. Nothing: all are taken, or the database failed.
std::optional<std::size_t> NewTag(Database& db, const std::string& queue) {
  const auto tag = FreeTag(db);
  if (tag) Statement(db, "INSERT INTO queue(tag, name) VALUES(?,?)").Do(*tag, queue);
  return tag;
}

// For each name its number, new ones for new names.
Expected<std::vector<std::size_t>> Tags(Database& db, const std::vector<std::string>& queues) {
  std::vector<std::size_t> tags;
  db.Run("BEGIN IMMEDIATE");
  for (const std::string& queue : queues) {
    auto tag = FindTag(db, queue);
    if (!tag) tag = NewTag(db, queue);
    if (!tag) break;
    tags.push_back(*tag);
  }
  if (auto committed = Committed(db); !committed) return std::move(committed).error();
  if (tags.size() == queues.size()) return tags;
  return EngineDown(
      fmt::format("there were {} queues in this folder already, no more can be told apart: begin "
                  "anew in another one",
                  kMaxQueues));
}

}  // namespace

Expected<UniqueFd> LockFolder(const std::string& path) {
  if (auto made = MakeFolder(path); !made) return std::move(made).error();
  const std::string name = path + "/lock";
  UniqueFd file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return Failed("open", name);
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) return Failed("flock", name);
  return EngineDown(path +
                    ": another process has its jobs here; give each its own folder, or stop it");
}

Expected<JobStore::Recovered> RecoverFrom(Database& db, BodyFiles& files, const Clock& clock,
                                          const std::vector<std::string>& queues) {
  if (auto taken = TakeOver(db, clock); !taken) return std::move(taken).error();
  if (auto swept = SweepFiles(db, files); !swept) return std::move(swept).error();
  JobStore::Recovered recovered;
  auto tags = Tags(db, queues);
  if (!tags) return std::move(tags).error();
  recovered.tags = *std::move(tags);
  const Moment now = Moment::Now(clock);
  Records records(db, {files, nullptr, nullptr});
  auto unfinished = records.Unfinished(now);
  if (!unfinished) return std::move(unfinished).error();
  recovered.unfinished = *std::move(unfinished);
  auto keys = records.HeldKeys(now);
  if (!keys) return std::move(keys).error();
  recovered.held_keys = *std::move(keys);
  auto deliveries = records.Deliveries(now);
  if (!deliveries) return std::move(deliveries).error();
  recovered.deliveries = *std::move(deliveries);
  return recovered;
}

}  // namespace headrace::sqlite
