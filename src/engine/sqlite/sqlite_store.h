#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ledger.h"
#include "engine/job_store.h"
#include "engine/sqlite/clock.h"
#include "engine/sqlite/file_ops.h"

namespace headrace {

struct SqliteOptions {
  std::string path;  // the store's own folder; made if it is missing
  // Payloads and parts up to so many bytes lie in the database, longer ones in files beside it.
  std::size_t inline_max = std::size_t{64} << 10U;
  std::size_t file_threads = 4;                 // write those files
  std::chrono::milliseconds retry{1000};        // between attempts to open a database that failed
  std::chrono::milliseconds sweep_every{1000};  // so late are records deleted at most

  // What results that are being read hold; not owned, outlive their payloads; null: not counted.
  Ledger* ledger = nullptr;        // bytes from the database
  Ledger* result_files = nullptr;  // descriptors of files beside it, each counts 1

  // Seams for tests.
  std::string vfs;              // of SQLite; empty: its default
  FileOps* file_ops = nullptr;  // not owned; null: the real ones
  sqlite::Clock clock = sqlite::Clock::Real();
};

// Every problem, as "path: what is wrong"; none: the options can be used.
std::vector<std::string> Validate(const SqliteOptions& options);

// Keeps jobs in an SQLite database (write-ahead log, synchronous=FULL) and the longer bodies in
// files beside it; what was told to be kept survives a crash of the process and, as far as the disk
// honours flushes, of the machine. The folder belongs to one process at a time; its files are for
// their owner alone, since params hold secrets.
//
// A writer thread commits all that has come meanwhile at once; file threads write bodies before
// their rows; two reader threads answer Load and List, one of them what is long. No call but
// Recover and LoadPayload blocks. Until its Done is called, an Insert holds a copy of the job and
// shares the payload's bytes, an End those of its parts: nothing here bounds them, whoever calls
// does. Dones and answers come from those threads, in no order but that of one job's changes, and
// must not block; they may call the store, but not LoadPayload.
//
// A record whose time is over goes within `sweep_every`, at most 500 at a turn, by the boot clock:
// a wall clock that is set tells nothing. In another boot of the machine the wall clock counts, but
// nothing lasts longer than it was to last. One with a pending delivery stays, without its result.
//
// When the disk fails (full, read-only, I/O error, damaged) what was called fails with
// kUnavailable, "engine-down", the database is closed, and further calls fail at once until it
// could be opened and written again, which is tried every `retry`; a Begin is lost then. What has
// failed is not there. On a full disk records whose time is over go nevertheless, with the room of
// a reserve, which must be there again before anything else is written. Only a process that ends in
// that state can leave on the disk what it told to have failed: as at any crash, the next one may
// find it. A body's file that cannot be written fails its own call only.
class SqliteStore final : public JobStore {
 public:
  explicit SqliteStore(SqliteOptions options);
  ~SqliteStore() override;

  // Of Recovered::held_keys, `deadline` is the end of the record, and with it of the key.
  Expected<Recovered> Recover(const std::vector<std::string>& queues) override;

  void Insert(const KeptJob& job, const Payload& payload, Done done) override;
  void Begin(std::string_view id, std::uint32_t attempt, UtcTime started) override;
  void Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
              const std::optional<Error>& error, Done done) override;
  void End(std::string_view id, const JobEnd& end, Done done) override;
  void DropResult(std::string_view id, Done done) override;
  void Load(std::string_view id, const PartBytes& bytes, Found found) override;
  void List(const RecordFilter& filter, Listed listed) override;
  Expected<Payload> LoadPayload(std::string_view id) override;
  void SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next,
                   Done done) override;

  [[nodiscard]] Durability durability() const override { return Durability::kDisk; }
  [[nodiscard]] std::string Healthy() const override;
  [[nodiscard]] std::uint64_t Errors() const override;

 private:
  struct Parts;

  const SqliteOptions options_;
  std::unique_ptr<Parts> parts_;  // null before Recover
};

}  // namespace headrace
