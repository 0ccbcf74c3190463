#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ledger.h"
#include "engine/job_store.h"
#include "engine/sqlite/body_files.h"
#include "engine/sqlite/clock.h"
#include "engine/sqlite/database.h"

namespace headrace::sqlite {

// Where bytes come from that are not in rows, and what counts those that are read.
struct BodySources {
  const BodyFiles& files;
  Ledger* ledger;        // bytes of rows; null: not counted
  Ledger* result_files;  // descriptors, 1 each; null: not counted
};

// What records say, read from a connection that the caller has to itself. Errors are those of
// JobStore; a failure of the database is kept by it as well.
class Records {
 public:
  Records(Database& db, const BodySources& bodies) : db_(db), bodies_(bodies) {}

  Expected<std::optional<JobRecord>> Load(std::string_view id, const PartBytes& bytes,
                                          const Moment& now);
  Expected<RecordPage> List(const RecordFilter& filter, const Moment& now);
  Expected<Payload> LoadPayload(std::string_view id);

  // Without payloads; in the order of acceptance.
  Expected<std::vector<KeptJob>> Unfinished(const Moment& now);
  // Only what names the key; `deadline` is the end of the record.
  Expected<std::vector<KeptJob>> HeldKeys(const Moment& now);
  Expected<std::vector<PendingDelivery>> Deliveries(const Moment& now);

 private:
  Error Broken() const;
  std::string LastLookedAt(const RecordFilter& filter, const std::string& before);
  bool ReadJob(const Rows& rows, const Moment& now, KeptJob& job);
  bool ReadRecord(const Rows& rows, const Moment& now, JobRecord& record);
  Status ReadParts(std::int64_t seq, const PartBytes& bytes, JobRecord& record);
  Expected<Payload> ReadPart(Statement& body, std::int64_t at, std::uint64_t size);
  Expected<std::optional<JobRecord>> LoadOnce(std::string_view id, const PartBytes& bytes,
                                              const Moment& now);

  Database& db_;
  const BodySources bodies_;
};

}  // namespace headrace::sqlite
