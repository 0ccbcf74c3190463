#include "engine/sqlite/records.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "engine/sqlite/codec.h"
#include "engine/sqlite/schema.h"
#include "engine/sqlite/tables.h"

namespace headrace::sqlite {
namespace {

// In the order of Column.
constexpr std::string_view kSelect =
    "SELECT seq, id, queue, tenant, urgency, attempt, accepted, started, deadline_boot,"
    " not_before_boot, payload_size, key, key_digest, spec, last_error, state, ended, keep,"
    " expires_boot, result_dropped, ending FROM job ";
enum Column {
  kSeq,
  kId,
  kQueue,
  kTenant,
  kUrgency,
  kAttempt,
  kAccepted,
  kStarted,
  kDeadline,
  kNotBefore,
  kPayloadSize,
  kKey,
  kKeyDigest,
  kSpec,
  kLastError,
  kState,
  kEnded,
  kKeep,
  kExpires,
  kResultDropped,
  kEnding,
};

std::optional<IdempotencyKey> ReadKey(const Rows& rows, int key_column, int digest_column) {
  if (rows.IsNull(key_column)) return std::nullopt;
  IdempotencyKey key{std::string(rows.Text(key_column)), {}};
  const std::string_view digest = rows.Text(digest_column);
  std::copy_n(digest.begin(), std::min(digest.size(), key.digest.size()), key.digest.begin());
  return key;
}

std::string Query(std::string_view condition) {
  return std::string(kSelect) + std::string(condition);
}

// Whether a list walks through all records of its tenant. Unfinished jobs have an index of their
// own, and are no more than there are places.
bool WalksThroughTenant(const RecordFilter& filter) {
  const bool unfinished = filter.state && *filter.state <= JobState::kRunning;
  return filter.tenant && !filter.tenant->empty() && !unfinished;
}

// The conditions of a list; `+` keeps SQLite from an index, where another one is known to be
// better.
std::string ListQuery(const RecordFilter& filter) {
  const bool by_tenant = WalksThroughTenant(filter);
  std::string sql = Query("WHERE id < ?1 AND id >= ?6");
  if (filter.tenant) {
    if (filter.tenant->empty()) sql += " AND tenant IS NULL AND ?2 IS NULL";
    if (!filter.tenant->empty()) sql += by_tenant ? " AND tenant = ?2" : " AND +tenant = ?2";
  }
  if (filter.state) sql += by_tenant ? " AND +state = ?3" : " AND state = ?3";
  if (filter.queue) sql += " AND queue = ?4";
  return sql + " ORDER BY id DESC LIMIT ?5";
}

Error Busy() {
  return {ErrorCode::kUnavailable, "busy",
          "the service reads as much of results as it may; come back after Retry-After seconds, or "
          "ask for the parts by name",
          "too many results are being read and sent", 1};
}

}  // namespace

Error Records::Broken() const { return EngineDown(db_.failure().text); }

bool Records::ReadJob(const Rows& rows, const Moment& now, KeptJob& job) {
  job.id = rows.Text(kId);
  job.queue = rows.Text(kQueue);
  job.tenant = rows.Text(kTenant);
  job.urgency = static_cast<int>(rows.Int(kUrgency));
  job.attempt = static_cast<std::uint32_t>(rows.Int(kAttempt));
  job.accepted = rows.Utc(kAccepted);
  if (!rows.IsNull(kStarted)) job.started = rows.Utc(kStarted);
  if (!rows.IsNull(kDeadline)) job.deadline = Deadline::At(now.SteadyAt(rows.Int(kDeadline)));
  if (!rows.IsNull(kNotBefore)) job.not_before = now.SteadyAt(rows.Int(kNotBefore));
  job.payload_size = static_cast<std::uint64_t>(rows.Int(kPayloadSize));
  job.idempotency = ReadKey(rows, kKey, kKeyDigest);
  const bool good =
      UnpackSpec(rows.Text(kSpec), job) &&
      (rows.IsNull(kLastError) || UnpackError(rows.Text(kLastError), job.last_error.emplace()));
  if (!good) db_.Fail(SQLITE_CORRUPT, "the record of job " + job.id + " cannot be read");
  return good;
}

bool Records::ReadRecord(const Rows& rows, const Moment& now, JobRecord& record) {
  if (!ReadJob(rows, now, record.job)) return false;
  const std::int64_t state = rows.Int(kState);
  if (state >= 0 && state <= static_cast<std::int64_t>(JobState::kExpired)) {
    record.state = static_cast<JobState>(state);
  }
  if (rows.IsNull(kEnding)) return true;
  JobEnd& end = record.end.emplace();
  end.outcome.state = record.state;
  end.ended = rows.Utc(kEnded);
  end.keep = std::chrono::milliseconds(rows.Int(kKeep));
  record.result_dropped = rows.Int(kResultDropped) != 0 || rows.Int(kExpires) <= now.boot;
  if (UnpackEnding(rows.Text(kEnding), end)) return true;
  db_.Fail(SQLITE_CORRUPT, "the end of job " + record.job.id + " cannot be read");
  return false;
}

Status Records::ReadParts(std::int64_t seq, const PartBytes& bytes, JobRecord& record) {
  if (!record.end || record.result_dropped) return Ok();
  std::optional<Statement> body;  // apart: else SQLite would read the bytes of all parts
  Statement statement(db_,
                      "SELECT at, name, media_type, crc32, size FROM part"
                      " WHERE at BETWEEN ? AND ? ORDER BY at");
  Rows rows = statement.Query(seq * kMostParts, (seq + 1) * kMostParts - 1);
  while (rows.Next()) {
    ResultPart& part = record.end->outcome.parts.emplace_back();
    part.name = rows.Text(1);
    part.media_type = rows.Text(2);
    part.crc32 = static_cast<std::uint32_t>(rows.Int(3));
    part.whole_size = static_cast<std::uint64_t>(rows.Int(4));
    if (!bytes.Wants(part.name)) continue;
    if (!body) body.emplace(db_, "SELECT file, bytes FROM part WHERE at=?");
    auto read = ReadPart(*body, rows.Int(0), *part.whole_size);
    if (!read) return std::move(read).error();
    part.bytes = *std::move(read);
  }
  return Ok();
}

Expected<Payload> Records::ReadPart(Statement& body, std::int64_t at, std::uint64_t size) {
  Rows rows = body.Query(at);
  if (!rows.Next()) return Broken();
  const bool filed = !rows.IsNull(0);
  Ledger* const ledger = filed ? bodies_.result_files : bodies_.ledger;
  std::optional<Ledger::Charge> charge;
  if (ledger != nullptr) {
    charge = ledger->TryCharge(MemoryUse::kResults, filed ? 1 : size);
    if (!charge) return Busy();
  }
  auto bytes = filed ? bodies_.files.Read(std::string(rows.Text(0)), size)
                     : Payload::FromString(std::string(rows.Text(1)));
  if (bytes && charge) bytes->Hold(*std::move(charge));
  return bytes;
}

Expected<std::optional<JobRecord>> Records::LoadOnce(std::string_view id, const PartBytes& bytes,
                                                     const Moment& now) {
  // One snapshot for the record and its parts.
  db_.Run("BEGIN");
  JobRecord record;
  Status parts = Ok();
  bool found = false;
  {
    Statement statement(db_, Query("WHERE id=?"));
    Rows rows = statement.Query(id);
    found = rows.Next() && ReadRecord(rows, now, record);
    if (found) parts = ReadParts(rows.Int(kSeq), bytes, record);
  }
  db_.Rollback();
  if (db_.failed()) return Broken();
  if (!parts) return std::move(parts).error();
  if (!found) return std::optional<JobRecord>();
  return std::optional<JobRecord>(std::move(record));
}

Expected<std::optional<JobRecord>> Records::Load(std::string_view id, const PartBytes& bytes,
                                                 const Moment& now) {
  auto record = LoadOnce(id, bytes, now);
  if (record || record.error().code != ErrorCode::kNotFound) return record;
  // Its files went after the snapshot was taken, and the record tells so now; or they are lost.
  record = LoadOnce(id, bytes, now);
  if (record || record.error().code != ErrorCode::kNotFound) return record;
  Error lost = std::move(record).error();
  lost.code = ErrorCode::kInternal;
  lost.type = "result-lost";
  lost.hint = "the result is lost";
  return lost;
}

// The last record that is looked at for a page, if there are others behind it. Its tenant's index
// tells it: no record is read.
std::string Records::LastLookedAt(const RecordFilter& filter, const std::string& before) {
  if (!WalksThroughTenant(filter)) return {};
  Statement statement(db_,
                      "SELECT id FROM job WHERE tenant = ?1 AND id < ?2"
                      " ORDER BY id DESC LIMIT 2 OFFSET ?3");
  Rows rows = statement.Query(*filter.tenant, before, filter.looks - 1);
  if (!rows.Next()) return {};
  std::string last(rows.Text(0));
  return rows.Next() ? last : std::string();
}

Expected<RecordPage> Records::List(const RecordFilter& filter, const Moment& now) {
  RecordPage page;
  const std::string before = filter.before.empty() ? "~" : filter.before;  // above every id
  const std::string last = LastLookedAt(filter, before);
  std::optional<std::string_view> tenant;
  if (filter.tenant && !filter.tenant->empty()) tenant = *filter.tenant;
  const std::optional<int> state =
      filter.state ? std::optional<int>(static_cast<int>(*filter.state)) : std::nullopt;
  {
    Statement statement(db_, ListQuery(filter));
    Rows rows = statement.Query(before, tenant, state, filter.queue, filter.limit + 1, last);
    bool more = rows.Next();
    while (more && page.records.size() < filter.limit &&
           ReadRecord(rows, now, page.records.emplace_back())) {
      more = rows.Next();
    }
    page.next = more ? page.records.back().job.id : last;
  }
  if (db_.failed()) return Broken();
  return page;
}

Expected<Payload> Records::LoadPayload(std::string_view id) {
  std::optional<Payload> payload;
  std::optional<std::string> file;
  std::uint64_t size = 0;
  {
    Statement statement(db_,
                        "SELECT payload_size, body_file, bytes FROM job LEFT JOIN body USING(seq)"
                        " WHERE id=? AND state<2");
    Rows rows = statement.Query(id);
    if (rows.Next()) {
      size = static_cast<std::uint64_t>(rows.Int(0));
      if (!rows.IsNull(1)) file = rows.Text(1);
      if (size == rows.Text(2).size()) payload = Payload::FromString(std::string(rows.Text(2)));
    }
  }
  if (db_.failed()) return Broken();
  if (file) return bodies_.files.Read(*file, size);
  if (payload) return *std::move(payload);
  return Error{ErrorCode::kNotFound, "payload-lost", "the job's payload is lost",
               "no unfinished job " + std::string(id) + " has one", 0};
}

Expected<std::vector<KeptJob>> Records::Unfinished(const Moment& now) {
  std::vector<std::pair<std::int64_t, KeptJob>> found;
  {
    Statement statement(db_, Query("WHERE state IN (0, 1)"));
    Rows rows = statement.Query();
    while (rows.Next()) {
      KeptJob job;
      if (!ReadJob(rows, now, job)) break;
      found.emplace_back(rows.Int(kSeq), std::move(job));
    }
  }
  if (db_.failed()) return Broken();
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<KeptJob> jobs;
  jobs.reserve(found.size());
  for (auto& [seq, job] : found) jobs.push_back(std::move(job));
  return jobs;
}

Expected<std::vector<KeptJob>> Records::HeldKeys(const Moment& now) {
  std::vector<KeptJob> jobs;
  Statement statement(db_,
                      "SELECT id, queue, tenant, accepted, expires_boot, key, key_digest FROM job"
                      " WHERE state>=2 AND key IS NOT NULL");
  Rows rows = statement.Query();
  while (rows.Next()) {
    if (rows.Int(4) <= now.boot) continue;
    KeptJob& job = jobs.emplace_back();
    job.id = rows.Text(0);
    job.queue = rows.Text(1);
    job.tenant = rows.Text(2);
    job.accepted = rows.Utc(3);
    job.deadline = Deadline::At(now.SteadyAt(rows.Int(4)));
    job.idempotency = ReadKey(rows, 5, 6);
  }
  if (db_.failed()) return Broken();
  return jobs;
}

Expected<std::vector<PendingDelivery>> Records::Deliveries(const Moment& now) {
  std::vector<PendingDelivery> deliveries;
  Statement statement(
      db_, "SELECT id, attempts, due_boot FROM delivery JOIN job USING(seq) ORDER BY seq");
  Rows rows = statement.Query();
  while (rows.Next()) {
    PendingDelivery& delivery = deliveries.emplace_back();
    delivery.job_id = rows.Text(0);
    delivery.attempts = static_cast<std::uint32_t>(rows.Int(1));
    if (!rows.IsNull(2)) delivery.due = now.SteadyAt(rows.Int(2));
  }
  if (db_.failed()) return Broken();
  return deliveries;
}

}  // namespace headrace::sqlite
