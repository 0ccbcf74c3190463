#include "engine/sqlite/tables.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "engine/sqlite/codec.h"

namespace headrace::sqlite {
namespace {

Blob AsBlob(std::span<const std::byte> bytes) {
  return {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
}

// The payload's bytes; those of a memfd are read into `buffer`, since a map that fails throws.
Blob BytesOf(const Payload& payload, std::string& buffer, Database& db) {
  if (!payload.InMemfd()) return AsBlob(payload.Bytes());
  buffer.resize(payload.size());
  const ssize_t got = pread(payload.memfd(), buffer.data(), buffer.size(), 0);
  if (got != static_cast<ssize_t>(buffer.size())) {
    db.Fail(SQLITE_MISMATCH, fmt::format("its {} bytes cannot be read", buffer.size()));
  }
  return {buffer};
}

std::optional<std::string_view> UnlessEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::optional<Blob> BlobOf(const std::optional<std::string>& packed) {
  return packed ? std::optional<Blob>(Blob{*packed}) : std::nullopt;
}

std::optional<std::string> Packed(const std::optional<Error>& error) {
  return error ? std::optional<std::string>(PackError(*error)) : std::nullopt;
}

std::optional<StoredTime> Stored(SteadyTime time, const Moment& now) {
  if (time == SteadyTime::min() || time == SteadyTime::max()) return std::nullopt;
  return now.At(time);
}

std::optional<std::int64_t> Utc(const std::optional<StoredTime>& time) {
  return time ? std::optional<std::int64_t>(time->utc) : std::nullopt;
}

std::optional<std::int64_t> Boot(const std::optional<StoredTime>& time) {
  return time ? std::optional<std::int64_t>(time->boot) : std::nullopt;
}

std::int64_t FirstPart(std::int64_t seq) { return seq * kMostParts; }
std::int64_t LastPart(std::int64_t seq) { return FirstPart(seq) + kMostParts - 1; }

}  // namespace

void Tables::Apply(const Operation& operation, const Moment& now,
                   std::vector<std::string>& unwanted) {
  if (const auto* job = std::get_if<NewJob>(&operation.change)) Apply(operation, *job, now);
  if (const auto* attempt = std::get_if<Attempt>(&operation.change)) Apply(operation, *attempt);
  if (const auto* back = std::get_if<BackToWaiting>(&operation.change)) {
    Apply(operation, *back, now);
  }
  if (const auto* ending = std::get_if<Ending>(&operation.change)) {
    Apply(operation, *ending, now, unwanted);
  }
  if (const auto* next = std::get_if<NextDelivery>(&operation.change)) Apply(operation, *next, now);
  if (std::holds_alternative<ResultDrop>(operation.change)) {
    std::optional<std::int64_t> seq;
    if (Rows rows = ended_.Query(operation.id); rows.Next()) seq = rows.Int(0);
    if (!seq) return;
    DropParts(*seq, unwanted);
    mark_dropped_.Do(*seq);
  }
}

void Tables::Apply(const Operation& operation, const NewJob& change, const Moment& now) {
  const KeptJob& job = change.job;
  const auto deadline = Stored(job.deadline.time(), now);
  const auto not_before = Stored(job.not_before, now);
  std::optional<Blob> key;
  std::optional<Blob> digest;
  if (job.idempotency) {
    key = Blob{job.idempotency->key};
    digest = AsBlob(std::as_bytes(std::span(job.idempotency->digest)));
  }
  const std::string spec = PackSpec(job);
  const auto error = Packed(job.last_error);
  insert_job_.Do(change.seq, operation.id, job.attempt, job.queue, UnlessEmpty(job.tenant),
                 job.urgency, job.accepted, job.started, Utc(deadline), Boot(deadline),
                 Utc(not_before), Boot(not_before), change.payload.size(), UnlessEmpty(change.file),
                 key, digest, Blob{spec}, BlobOf(error));
  if (change.payload.size() == 0 || !change.file.empty()) return;
  std::string buffer;
  const Blob bytes = BytesOf(change.payload, buffer, db_);
  insert_body_.Do(change.seq, bytes);
}

void Tables::Apply(const Operation& operation, const Attempt& change) {
  begin_.Do(operation.id, change.number, change.started);
}

void Tables::Apply(const Operation& operation, const BackToWaiting& change, const Moment& now) {
  const auto not_before = Stored(change.not_before, now);
  const auto error = Packed(change.error);
  return_.Do(operation.id, change.attempt, Utc(not_before), Boot(not_before), BlobOf(error));
}

void Tables::Apply(const Operation& operation, const Ending& change, const Moment& now,
                   std::vector<std::string>& unwanted) {
  std::optional<std::int64_t> seq;
  std::optional<std::string> spec;
  if (Rows rows = unfinished_.Query(operation.id); rows.Next()) {
    seq = rows.Int(0);
    if (!rows.IsNull(1)) unwanted.emplace_back(rows.Text(1));
    spec = WithoutParams(rows.Text(2));
  }
  if (!seq) {  // it has ended before, or nobody knows it
    for (const std::string& file : change.files) {
      if (!file.empty()) unwanted.push_back(file);
    }
    return;
  }
  const JobEnd& end = change.end;
  const StoredTime expires = now.After(end.keep.count());
  const std::string ending = PackEnding(end);
  end_.Do(*seq, static_cast<int>(end.outcome.state), end.ended, std::int64_t{end.keep.count()},
          expires.utc, expires.boot, Blob{ending}, end.frees_key, BlobOf(spec));
  delete_body_.Do(*seq);
  InsertParts(*seq, change);
  if (end.tells_webhook) SetDelivery(*seq, 0, std::nullopt);
}

void Tables::InsertParts(std::int64_t seq, const Ending& change) {
  const auto& parts = change.end.outcome.parts;
  if (parts.size() >= static_cast<std::size_t>(kMostParts)) {
    db_.Fail(SQLITE_TOOBIG, fmt::format("{} parts, {} at most are kept", parts.size(), kMostParts));
  }
  for (std::size_t i = 0; i < parts.size() && !db_.failed(); ++i) {
    const ResultPart& part = parts[i];
    const bool in_file = i < change.files.size() && !change.files[i].empty();
    std::optional<std::string_view> file;
    std::optional<Blob> bytes;
    std::string buffer;
    if (in_file) {
      file = change.files[i];
    } else {
      bytes = BytesOf(part.bytes, buffer, db_);
    }
    insert_part_.Do(FirstPart(seq) + static_cast<std::int64_t>(i), part.name, part.media_type,
                    part.crc32, part.bytes.size(), file, bytes);
  }
}

void Tables::Apply(const Operation& operation, const NextDelivery& change, const Moment& now) {
  std::optional<std::int64_t> seq;
  if (Rows rows = ended_.Query(operation.id); rows.Next()) seq = rows.Int(0);
  if (!seq) return;
  if (change.next) {
    SetDelivery(*seq, change.next->attempts, Stored(change.next->due, now));
    return;
  }
  delete_delivery_.Do(*seq);
  sweep_again_.Do(*seq);
}

void Tables::SetDelivery(std::int64_t seq, std::uint32_t attempts, std::optional<StoredTime> due) {
  set_delivery_.Do(seq, attempts, Utc(due), Boot(due));
}

void Tables::DropParts(std::int64_t seq, std::vector<std::string>& unwanted) {
  {
    Rows rows = part_files_.Query(FirstPart(seq), LastPart(seq));
    while (rows.Next()) unwanted.emplace_back(rows.Text(0));
  }
  delete_parts_.Do(FirstPart(seq), LastPart(seq));
}

std::size_t Tables::Sweep(const Moment& now, std::size_t limit,
                          std::vector<std::string>& unwanted) {
  std::vector<std::pair<std::int64_t, bool>> due;  // and whether a delivery is to come
  {
    Rows rows = due_.Query(now.boot, limit);
    while (rows.Next()) due.emplace_back(rows.Int(0), !rows.IsNull(1));
  }
  for (const auto& [seq, delivery] : due) {
    DropParts(seq, unwanted);
    if (delivery) {
      keep_record_.Do(seq);
    } else {
      delete_job_.Do(seq);
    }
  }
  return due.size();
}

void Tables::Forget(const std::vector<std::int64_t>& seqs) {
  for (const std::int64_t seq : seqs) {
    delete_body_.Do(seq);
    delete_parts_.Do(FirstPart(seq), LastPart(seq));
    delete_delivery_.Do(seq);
    delete_job_.Do(seq);
  }
}

bool Tables::Refers(const std::string& file) { return refers_.Query(file).Next(); }

}  // namespace headrace::sqlite
