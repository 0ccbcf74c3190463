#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/payload.h"
#include "engine/kept_job.h"

namespace headrace {

// How much an accepted job survives; the word of the API is below.
enum class Durability { kProcess, kDisk, kFleet };
const char* ToString(Durability durability);  // "process", "disk", "fleet"

// Which records List wants, newest first.
struct RecordFilter {
  std::optional<std::string> tenant;
  std::optional<std::string> queue;
  std::optional<JobState> state;
  std::string before;      // ids below this one only; empty: from the newest on
  std::size_t limit = 50;  // most of them on a page; 1 or more
  // Of the tenant's records so many are looked at for a page, 1 or more: where few of them fit, it
  // ends early, so that nobody is kept waiting for as long as somebody else has jobs.
  std::size_t looks = 1000;
};

// What a filter found, and where it goes on.
struct RecordPage {
  std::vector<JobRecord> records;
  std::string next;  // RecordFilter::before of the next page; empty: there is none
};

// Of which parts of a result the bytes are wanted beside their names and sizes.
class PartBytes {
 public:
  static PartBytes None() { return {Which::kNone, {}}; }
  static PartBytes OfAll() { return {Which::kAll, {}}; }
  static PartBytes Of(std::string_view name) { return {Which::kOne, std::string(name)}; }

  [[nodiscard]] bool Any() const { return which_ != Which::kNone; }
  [[nodiscard]] bool Wants(std::string_view part) const {
    return which_ == Which::kAll || (which_ == Which::kOne && part == name_);
  }

 private:
  enum class Which { kNone, kAll, kOne };
  PartBytes(Which which, std::string name) : which_(which), name_(std::move(name)) {}

  Which which_;
  std::string name_;
};

// Keeps the records of an engine on one machine: jobs that outlive their connections, their
// payloads and results. It knows nothing of places, order or workers: the engine does, in memory,
// and tells the store every change that must outlive the process.
//
// Thread-safe. Calls with a Done return at once and call it exactly once, from any thread, also
// from within the call; with a failure (kUnavailable) nothing of the call is kept, and the store
// says through Healthy() why. Calls about one job take effect in the order in which they are made.
// What is written of a job that the store does not know changes nothing and is no failure.
class JobStore {
 public:
  using Done = std::function<void(Status)>;
  using Found = std::function<void(Expected<std::optional<JobRecord>>)>;
  using Listed = std::function<void(Expected<RecordPage>)>;

  // What processes before this one have left.
  struct Recovered {
    // Waiting and running ones (those that ran: an attempt that has begun is counted), in the order
    // of their acceptance. Of queues that are not configured as well: they are left as they are. Of
    // several jobs with one Idempotency-Key only the newest has it, here and from now on.
    std::vector<KeptJob> unfinished;
    // Keys of ended jobs that are still held: job id and key, with tenant and queue by `job`.
    std::vector<KeptJob> held_keys;
    std::vector<PendingDelivery> deliveries;
    // For each queue that was asked for the number that ids of its jobs carry (base/job_id.h): the
    // same for a name in every process, whatever the configuration's order.
    std::vector<std::size_t> tags;
  };

  JobStore() = default;
  JobStore(const JobStore&) = delete;
  JobStore& operator=(const JobStore&) = delete;
  virtual ~JobStore() = default;  // what was called before is done, and told

  // Once, before every other call. Blocks. An error says what to do; the store is of no use then.
  virtual Expected<Recovered> Recover(const std::vector<std::string>& queues) = 0;

  // The job waits from now on. Done once it would survive what durability() says.
  virtual void Insert(const KeptJob& job, const Payload& payload, Done done) = 0;

  // An attempt begins. Not waited for: after a crash within 50 ms it may not have been counted.
  virtual void Begin(std::string_view id, std::uint32_t attempt, UtcTime started) = 0;

  // The job waits again: `attempt` attempts count (a released one does not), it is not to run
  // before `not_before`, and failed with `error` if there is one.
  virtual void Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                      const std::optional<Error>& error, Done done) = 0;

  // The job has ended; its payload and params are dropped. Done once that and the result would
  // survive.
  virtual void End(std::string_view id, const JobEnd& end, Done done) = 0;

  // Drops the result (not the record) of an ended job, and gives its Idempotency-Key free.
  virtual void DropResult(std::string_view id, Done done) = 0;

  // The record of a job, with the bytes of its parts that are wanted; nothing if there is none.
  // What was called before is seen. kUnavailable, "busy": too much of results is being read.
  virtual void Load(std::string_view id, const PartBytes& bytes, Found found) = 0;
  // Records without their parts, of which a result may have thousands.
  virtual void List(const RecordFilter& filter, Listed listed) = 0;

  // The payload of an unfinished job; for a worker, which claims one that came back after a restart
  // or whose bytes the engine did not keep. Blocks for as long as the disk takes. kNotFound: lost.
  virtual Expected<Payload> LoadPayload(std::string_view id) = 0;

  // The next attempt to tell a webhook of the job's end; nothing: it has been told, or never will.
  // Records with a delivery are kept.
  virtual void SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next,
                           Done done) = 0;

  [[nodiscard]] virtual Durability durability() const = 0;
  // Nothing when the store works, else why not, for the operator. A store that failed tries by
  // itself to work again.
  [[nodiscard]] virtual std::string Healthy() const = 0;
  // Writes that failed so far, those that tried whether it works again among them.
  [[nodiscard]] virtual std::uint64_t Errors() const = 0;
};

}  // namespace headrace
