#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"
#include "engine/sqlite/operation.h"

namespace headrace::sqlite {

// Brings operations from any thread to the one that writes, those of one job in the order of their
// calls: while one's files are being written, the later ones of its job stand behind it.
// Thread-safe.
class Lineup {
 public:
  struct Options {
    std::size_t inline_max = 0;  // bodies and parts above it, in bytes, go to files
    std::int64_t next_seq = 1;   // of the next job
    // Writes the operation's files, on another thread, and brings it back by Filed.
    std::function<void(OperationPtr)> file;
  };
  // What goes into one transaction, at most.
  static constexpr std::size_t kMostOperations = 256;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20U;
  // How long an operation that nobody waits for may wait for company.
  static constexpr std::chrono::milliseconds kRide{50};

  explicit Lineup(Options options) : options_(std::move(options)) {}

  void Add(OperationPtr operation);

  // Runs `then` on the writing thread, after all that was called before about the job, or about any
  // job if `id` is empty. False, and nothing happens, if there is nothing of that kind.
  bool AddBarrier(std::string_view id, std::function<void()> then);

  void Filed(OperationPtr operation);

  // Blocks until something is to be written or `until` has passed; then it may give nothing. Sets
  // `closed` once Close was called and there will be nothing any more.
  std::vector<OperationPtr> Take(Deadline until, bool& closed);

  // Those that Take gave have been committed or have failed.
  void Finished(const std::vector<OperationPtr>& operations);

  void Close();  // Add is not called any more

 private:
  struct Job {
    std::size_t unfinished = 0;        // operations
    bool filing = false;               // the files of one are being written
    std::list<OperationPtr> behind{};  // it; mostly none, for which a list takes no memory
  };

  [[nodiscard]] bool NeedsFiles(const Operation& operation) const;
  void Prepare(Operation& operation) REQUIRES(mu_);
  // Both give back what is to be filed: `Place` takes a new one, `Advance` the first of those
  // behind.
  OperationPtr Place(OperationPtr operation) REQUIRES(mu_);
  OperationPtr Advance(OperationPtr operation) REQUIRES(mu_);
  void Queue(OperationPtr operation) REQUIRES(mu_);
  void ReleaseBarriers() REQUIRES(mu_);
  [[nodiscard]] bool Ready() const REQUIRES(mu_);
  std::vector<OperationPtr> TakeSome() REQUIRES(mu_);

  const Options options_;
  Mutex mu_;
  CondVar changed_;
  std::unordered_map<std::string, Job> jobs_ GUARDED_BY(mu_);  // with unfinished operations
  std::unordered_map<std::string, std::uint32_t> attempts_ GUARDED_BY(mu_);  // of running jobs
  std::set<std::uint64_t> filing_ GUARDED_BY(mu_);  // numbers of operations that are not queued yet
  std::deque<OperationPtr> barriers_ GUARDED_BY(mu_);  // for all jobs: behind some of those
  std::deque<OperationPtr> queue_ GUARDED_BY(mu_);
  std::size_t awaited_ GUARDED_BY(mu_) = 0;  // in the queue
  std::uint64_t next_number_ GUARDED_BY(mu_) = 1;
  std::int64_t next_seq_ GUARDED_BY(mu_) = options_.next_seq;
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace headrace::sqlite
