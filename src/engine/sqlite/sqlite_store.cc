#include "engine/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/job_id.h"
#include "base/sync.h"
#include "engine/sqlite/body_files.h"
#include "engine/sqlite/file_threads.h"
#include "engine/sqlite/health.h"
#include "engine/sqlite/lineup.h"
#include "engine/sqlite/reader.h"
#include "engine/sqlite/recovery.h"
#include "engine/sqlite/reserve.h"
#include "engine/sqlite/schema.h"
#include "engine/sqlite/writer.h"

namespace headrace {

using namespace sqlite;  // NOLINT(google-build-using-namespace): the store's own insides

namespace {

constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kMostInline = std::size_t{16} << 20U;

std::string DatabasePath(const SqliteOptions& options) { return options.path + "/jobs.db"; }

// Ids name files, and must be ones.
bool IsJobId(std::string_view id) { return QueueOfJobId(id).has_value(); }

// What LoadPayload waits for.
class Latch {
 public:
  void Open() {
    const MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();  // under the lock: whoever waits may destroy it right after
  }
  void Wait() {
    const MutexLock lock(mu_);
    while (!open_) changed_.Wait(mu_);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ GUARDED_BY(mu_) = false;
};

// The open database, and what it says.
struct FoundJobs {
  std::unique_ptr<Database> db;
  std::int64_t next_seq = 0;
  JobStore::Recovered recovered;
};

Expected<FoundJobs> FindJobs(const SqliteOptions& options, BodyFiles& files,
                             const std::vector<std::string>& queues) {
  FoundJobs found;
  auto opened = OpenForWriting(DatabasePath(options), options.vfs);
  if (!opened) return std::move(opened).error();
  found.db = *std::move(opened);
  auto recovered = RecoverFrom(*found.db, files, options.clock, queues);
  found.next_seq = found.db->Number("SELECT max(seq) FROM job").value_or(0) + 1;
  if (found.db->failed()) {
    return EngineDown(Explain(found.db->failure(), DatabasePath(options)));
  }
  if (!recovered) return std::move(recovered).error();
  found.recovered = *std::move(recovered);
  return found;
}

}  // namespace

std::vector<std::string> Validate(const SqliteOptions& options) {
  std::vector<std::string> problems;
  if (options.path.empty()) problems.emplace_back("path: a folder of the store's own is needed");
  if (options.inline_max > kMostInline) {
    problems.push_back(
        fmt::format("inline_max: {} is above {} bytes", options.inline_max, kMostInline));
  }
  if (options.file_threads < 1 || options.file_threads > kMostThreads) {
    problems.push_back(
        fmt::format("file_threads: {} is not from 1 to {}", options.file_threads, kMostThreads));
  }
  return problems;
}

// In the order of life: what stands above is used by what stands below. Close ends them in turn.
struct SqliteStore::Parts {
  Parts(const SqliteOptions& options, UniqueFd the_lock, std::unique_ptr<BodyFiles> the_files,
        std::unique_ptr<Reserve> the_reserve, FoundJobs& found)
      : lock(std::move(the_lock)),
        files(std::move(the_files)),
        reserve(std::move(the_reserve)),
        lineup({options.inline_max, found.next_seq,
                [this](OperationPtr operation) { file_threads->Write(std::move(operation)); }}),
        payloads(Connection(options)) {
    file_threads = std::make_unique<FileThreads>(
        options.file_threads, *files, health,
        [this](OperationPtr operation) { lineup.Filed(std::move(operation)); }, options.inline_max);
    reader = std::make_unique<Reader>(Connection(options));
    long_reader = std::make_unique<Reader>(Connection(options));
    writer = std::make_unique<Writer>(
        Writer::Options{DatabasePath(options), options.vfs, options.clock, options.retry,
                        options.sweep_every},
        Writer::Neighbours{lineup, *file_threads, *files, health, *reserve}, std::move(found.db));
  }
  ~Parts() {
    lineup.Close();
    writer.reset();
    reader.reset();
    long_reader.reset();
    file_threads.reset();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  [[nodiscard]] ReadConnection Connection(const SqliteOptions& options) const {
    return {DatabasePath(options),
            options.vfs,
            options.clock,
            {*files, options.ledger, options.result_files}};
  }

  template <class Change>
  void Add(std::string_view id, Change change, Done done) {
    if (auto refusal = health.Refusal()) {
      if (done) done(*std::move(refusal));
      return;
    }
    auto operation = std::make_unique<Operation>();
    operation->id = id;
    operation->change = std::move(change);
    operation->done = std::move(done);
    lineup.Add(std::move(operation));
  }

  // Runs `task` on the reader once what was called before about the job (any, if empty) is over.
  void Read(Reader& on, std::string_view id, std::function<void(ReadConnection&)> task) {
    auto post = [&on, task = std::move(task)] { on.Post(task); };
    if (!lineup.AddBarrier(id, post)) post();
  }

  const UniqueFd lock;
  const std::unique_ptr<BodyFiles> files;
  const std::unique_ptr<Reserve> reserve;
  Health health;
  Lineup lineup;
  Mutex payloads_mu;
  ReadConnection payloads GUARDED_BY(payloads_mu);  // of LoadPayload
  std::unique_ptr<FileThreads> file_threads;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Reader> long_reader;  // of lists and results, for which no status is to wait
  std::unique_ptr<Writer> writer;
};

SqliteStore::SqliteStore(SqliteOptions options) : options_(std::move(options)) {}

SqliteStore::~SqliteStore() = default;

Expected<JobStore::Recovered> SqliteStore::Recover(const std::vector<std::string>& queues) {
  static FileOps real_files;
  FileOps& ops = options_.file_ops != nullptr ? *options_.file_ops : real_files;
  auto lock = LockFolder(options_.path);
  if (!lock) return std::move(lock).error();
  auto files = BodyFiles::Open(options_.path + "/bodies", ops);
  if (!files) return std::move(files).error();
  auto reserve = std::make_unique<Reserve>(options_.path + "/reserve");
  auto found = FindJobs(options_, **files, queues);
  // It may be the disk that is full: what is over can go once the store is open.
  if (!found && reserve->Release()) found = FindJobs(options_, **files, queues);
  if (!found) {
    reserve->Take();
    return std::move(found).error();
  }
  parts_ = std::make_unique<Parts>(options_, *std::move(lock), *std::move(files),
                                   std::move(reserve), *found);
  return std::move(found->recovered);
}

void SqliteStore::Insert(const KeptJob& job, const Payload& payload, Done done) {
  if (!IsJobId(job.id)) {
    return done(EngineDown(fmt::format("'{}' is no job id (base/job_id.h)", job.id)));
  }
  parts_->Add(job.id, NewJob{job, payload, 0, {}}, std::move(done));
}

void SqliteStore::Begin(std::string_view id, std::uint32_t attempt, UtcTime started) {
  if (IsJobId(id)) parts_->Add(id, Attempt{attempt, started}, nullptr);
}

void SqliteStore::Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                         const std::optional<Error>& error, Done done) {
  if (!IsJobId(id)) return done(Ok());
  parts_->Add(id, BackToWaiting{attempt, not_before, error}, std::move(done));
}

void SqliteStore::End(std::string_view id, const JobEnd& end, Done done) {
  if (!IsJobId(id)) return done(Ok());
  parts_->Add(id, Ending{end, 0, {}}, std::move(done));
}

void SqliteStore::DropResult(std::string_view id, Done done) {
  if (!IsJobId(id)) return done(Ok());
  parts_->Add(id, ResultDrop{}, std::move(done));
}

void SqliteStore::SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next,
                              Done done) {
  if (!IsJobId(id)) return done(Ok());
  parts_->Add(id, NextDelivery{next}, std::move(done));
}

void SqliteStore::Load(std::string_view id, const PartBytes& bytes, Found found) {
  if (!IsJobId(id)) return found(std::optional<JobRecord>());
  auto task = [id = std::string(id), bytes, found = std::move(found)](ReadConnection& from) {
    found(from.Use(
        [&](Records& records, const Moment& now) { return records.Load(id, bytes, now); }));
  };
  parts_->Read(bytes.Any() ? *parts_->long_reader : *parts_->reader, id, std::move(task));
}

void SqliteStore::List(const RecordFilter& filter, Listed listed) {
  auto task = [filter, listed = std::move(listed)](ReadConnection& from) {
    listed(
        from.Use([&](Records& records, const Moment& now) { return records.List(filter, now); }));
  };
  parts_->Read(*parts_->long_reader, {}, std::move(task));
}

Expected<Payload> SqliteStore::LoadPayload(std::string_view id) {
  Latch before;
  if (parts_->lineup.AddBarrier(id, [&] { before.Open(); })) before.Wait();
  const MutexLock lock(parts_->payloads_mu);
  return parts_->payloads.Use(
      [&](Records& records, const Moment& /*now*/) { return records.LoadPayload(id); });
}

std::string SqliteStore::Healthy() const {
  return parts_ ? parts_->health.Why() : "it has not been recovered";
}

std::uint64_t SqliteStore::Errors() const { return parts_ ? parts_->health.Errors() : 0; }

}  // namespace headrace
