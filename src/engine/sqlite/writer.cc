#include "engine/sqlite/writer.h"

#include <fmt/format.h>

#include <utility>

#include "engine/sqlite/schema.h"

namespace headrace::sqlite {
namespace {

constexpr int kCheckpointPages = 1000;  // of the log: it is moved into the database then
constexpr int kCorruptPatience = 60;    // times `retry`: looking through a damaged file is long
// Free pages are given back to the disk while they are that many, and more than half of all.
constexpr std::int64_t kLeastFree = 1024;
constexpr std::chrono::milliseconds kVacuumPause{20};

// Names of the files that an operation has written.
void AddFiles(const Operation& operation, std::vector<std::string>& files) {
  if (const auto* job = std::get_if<NewJob>(&operation.change); job && !job->file.empty()) {
    files.push_back(job->file);
  }
  const auto* ending = std::get_if<Ending>(&operation.change);
  if (ending == nullptr) return;
  for (const std::string& file : ending->files) {
    if (!file.empty()) files.push_back(file);
  }
}

void Tell(const Operation& operation) {
  if (const auto* barrier = std::get_if<Barrier>(&operation.change)) barrier->then();
  if (!operation.done) return;
  if (operation.failure) {
    operation.done(*operation.failure);
  } else {
    operation.done(Ok());
  }
}

}  // namespace

Writer::Writer(Options options, Neighbours neighbours, std::unique_ptr<Database> db)
    : options_(std::move(options)),
      to_(neighbours),
      connection_(std::make_unique<Connection>(std::move(db))),
      thread_([this] { Loop(); }) {}

Writer::~Writer() { thread_.join(); }

void Writer::Loop() {
  bool closed = false;
  while (!closed) Turn(to_.lineup.Take(Deadline::At(next_turn_), closed));
  // The last chance to undo what was refused and may be on the disk nevertheless.
  if (!connection_) Reopen();
}

void Writer::Turn(const std::vector<OperationPtr>& operations) {
  const bool due = SteadyClock::now() >= next_turn_;
  if (!connection_ && due) Reopen();
  if (connection_) {
    Write(operations, due);
  } else {
    Refuse(operations);
  }
  to_.lineup.Finished(operations);
  for (const OperationPtr& operation : operations) Tell(*operation);
  if (connection_) Maintain(operations.empty(), due);
}

void Writer::Write(Operations operations, bool sweep) {
  if (Commit(operations, sweep) || !connection_) return;
  // One of them cannot be written: each by itself, so that no other fails for it.
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!connection_) return Refuse(operations.subspan(i));
    if (!Commit(operations.subspan(i, 1), false) && connection_) FailOne(*operations[i]);
  }
}

// One transaction. False if it failed: for a statement, and nothing was done, or for the disk, and
// the connection is gone.
bool Writer::Commit(Operations operations, bool sweep) {
  Database& db = *connection_->db;
  Tables& tables = connection_->tables;
  std::vector<std::string> unwanted;
  const Moment now = Moment::Now(options_.clock);
  db.ForgetFailure();
  tables.Begin();
  for (const OperationPtr& operation : operations) {
    if (db.failed()) break;
    if (!operation->failure) tables.Apply(*operation, now, unwanted);
  }
  std::size_t swept = 0;
  if (sweep && !db.failed()) swept = tables.Sweep(now, kSweepLimit, unwanted);
  if (!db.failed() && tables.Commit()) {
    to_.file_threads.Remove(std::move(unwanted));
    if (sweep) {
      next_turn_ = SteadyClock::now();
      if (swept < kSweepLimit) next_turn_ += options_.sweep_every;
    }
    return true;
  }
  db.Rollback();
  if (!db.failure().OfTheStatement()) Break(operations, std::move(unwanted));
  return false;
}

void Writer::FailOne(Operation& operation) {
  if (operation.failure) return;
  operation.failure = EngineDown(
      fmt::format("job {} cannot be kept so: {}", operation.id, connection_->db->failure().text));
  connection_->db->ForgetFailure();
  std::vector<std::string> files;
  AddFiles(operation, files);
  to_.file_threads.Remove(std::move(files));
}

void Writer::Refuse(Operations operations) {
  std::vector<std::string> files;
  for (const OperationPtr& operation : operations) {
    if (operation->failure) continue;
    operation->failure = to_.health.Refusal();
    AddFiles(*operation, files);
  }
  to_.file_threads.Remove(std::move(files));
}

// Closes the database. What it was to do may have been done: a sync that failed does not say.
void Writer::Break(Operations operations, std::vector<std::string> unwanted) {
  const Failure failure = connection_->db->failure();
  connection_.reset();
  corrupt_ = failure.Corrupt();
  const std::string why = Explain(failure, options_.path);
  for (const OperationPtr& operation : operations) {
    if (operation->failure) continue;
    operation->failure = EngineDown(why);
    AddFiles(*operation, doubtful_files_);
    if (const auto* job = std::get_if<NewJob>(&operation->change)) {
      doubtful_jobs_.push_back(job->seq);
    }
  }
  doubtful_files_.insert(doubtful_files_.end(), std::make_move_iterator(unwanted.begin()),
                         std::make_move_iterator(unwanted.end()));
  StayBroken(why);
}

void Writer::StayBroken(const std::string& why) {
  to_.health.DatabaseFailed(why);
  next_turn_ = SteadyClock::now() + options_.retry * (corrupt_ ? kCorruptPatience : 1);
}

void Writer::Maintain(bool idle, bool due) {
  Database& db = *connection_->db;
  if (db.WalPages() >= kCheckpointPages) db.Checkpoint();
  if (idle && !db.failed()) Vacuum();
  if (db.failed()) return Break({}, {});
  if (due) to_.reserve.Take();
  if (due && to_.health.FilesAreFailing() && to_.files.Probe()) to_.health.FilesWork();
}

void Writer::Vacuum() {
  Database& db = *connection_->db;
  const std::int64_t free = db.Number("PRAGMA freelist_count").value_or(0);
  if (free < kLeastFree || free * 2 < db.Number("PRAGMA page_count").value_or(0)) return;
  if (db.Run("PRAGMA incremental_vacuum(256)")) next_turn_ = SteadyClock::now() + kVacuumPause;
}

// It may be the disk that is full: to open the database takes room, too.
Expected<std::unique_ptr<Database>> Writer::OpenAgain() {
  auto db = OpenForWriting(options_.path, options_.vfs);
  if (db || !to_.reserve.Release()) return db;
  made_room_ = true;
  db = OpenForWriting(options_.path, options_.vfs);
  if (!db) to_.reserve.Take();
  return db;
}

void Writer::Reopen() {
  auto db = OpenAgain();
  if (!db) return StayBroken(db.error().detail);
  if (corrupt_ && (*db)->Text("PRAGMA quick_check(1)") != "ok") {
    return StayBroken(options_.path + ": it is still damaged");
  }
  auto connection = std::make_unique<Connection>(*std::move(db));
  std::vector<std::string> unwanted;
  const bool has_room = !made_room_ || to_.reserve.Take();
  if (!has_room || !Settle(*connection, unwanted)) {
    const Failure failure = connection->db->failure();
    if (!has_room || failure.DiskFull()) MakeRoom(*connection);
    return StayBroken(has_room ? Explain(failure, options_.path)
                               : options_.path + ": the disk is as good as full");
  }
  connection_ = std::move(connection);
  corrupt_ = made_room_ = false;
  doubtful_jobs_.clear();
  doubtful_files_.clear();
  to_.file_threads.Remove(std::move(unwanted));
  to_.health.DatabaseWorks();
  next_turn_ = SteadyClock::now();
}

// Whether the disk takes bytes again; what was refused is not there then.
bool Writer::Settle(Connection& connection, std::vector<std::string>& unwanted) {
  Database& db = *connection.db;
  Tables& tables = connection.tables;
  tables.Begin();
  tables.Forget(doubtful_jobs_);
  db.Run("INSERT OR REPLACE INTO meta(name, value) VALUES('probe', zeroblob(65536))");
  if (db.failed() || !tables.Commit()) return false;
  db.Run("DELETE FROM meta WHERE name='probe'");
  for (std::string& file : doubtful_files_) {
    if (!tables.Refers(file)) unwanted.push_back(file);
  }
  return !db.failed();
}

// Deletes what is over, where the disk is full: nobody else may be there to make room. The log is
// moved into the database after it, so that it can be written over and need not grow.
void Writer::MakeRoom(Connection& connection) {
  made_room_ = to_.reserve.Release() || made_room_;
  connection.db->Rollback();
  std::size_t last = kFullSweepLimit;
  for (std::size_t swept = 0; swept < kSweepLimit && last == kFullSweepLimit; swept += last) {
    last = SweepNow(connection);
  }
  connection.db->Checkpoint();
  to_.reserve.Take();
}

// A transaction of its own; the files go with it. Returns how many records did.
std::size_t Writer::SweepNow(Connection& connection) {
  Database& db = *connection.db;
  std::vector<std::string> unwanted;
  db.ForgetFailure();
  connection.tables.Begin();
  const std::size_t swept =
      connection.tables.Sweep(Moment::Now(options_.clock), kFullSweepLimit, unwanted);
  if (!db.failed() && connection.tables.Commit()) {
    for (const std::string& file : unwanted) to_.files.Remove(file);
    return swept;
  }
  db.Rollback();
  doubtful_files_.insert(doubtful_files_.end(), unwanted.begin(), unwanted.end());
  return 0;
}

}  // namespace headrace::sqlite
