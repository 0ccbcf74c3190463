#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/sqlite/clock.h"
#include "engine/sqlite/database.h"
#include "engine/sqlite/operation.h"

namespace headrace::sqlite {

// Where the parts of a job's result lie among all parts.
inline constexpr std::int64_t kMostParts = std::int64_t{1} << 20U;

// The changes as statements, within transactions that the caller begins and commits. A failure is
// kept by the database. For the thread that has the database.
class Tables {
 public:
  explicit Tables(Database& db) : db_(db) {}

  bool Begin() { return begin_transaction_.Do(); }
  bool Commit() { return commit_.Do(); }

  // `unwanted` gets the names of files that nothing refers to any more once this is committed.
  void Apply(const Operation& operation, const Moment& now, std::vector<std::string>& unwanted);

  // Deletes records and results whose time is over, at most `limit` of them; returns how many.
  std::size_t Sweep(const Moment& now, std::size_t limit, std::vector<std::string>& unwanted);

  // Deletes the jobs with these ranks, whatever their state.
  void Forget(const std::vector<std::int64_t>& seqs);

  // Whether a row names the file.
  bool Refers(const std::string& file);

 private:
  void Apply(const Operation& operation, const NewJob& change, const Moment& now);
  void Apply(const Operation& operation, const Attempt& change);
  void Apply(const Operation& operation, const BackToWaiting& change, const Moment& now);
  void Apply(const Operation& operation, const Ending& change, const Moment& now,
             std::vector<std::string>& unwanted);
  void Apply(const Operation& operation, const NextDelivery& change, const Moment& now);
  void InsertParts(std::int64_t seq, const Ending& change);
  void SetDelivery(std::int64_t seq, std::uint32_t attempts, std::optional<StoredTime> due);
  void DropParts(std::int64_t seq, std::vector<std::string>& unwanted);

  Database& db_;
  Statement begin_transaction_{db_, "BEGIN IMMEDIATE"};
  Statement commit_{db_, "COMMIT"};
  Statement insert_job_{db_,
                        "INSERT INTO job(seq, id, state, attempt, queue, tenant, urgency, accepted,"
                        " started, deadline_utc, deadline_boot, not_before_utc, not_before_boot,"
                        " payload_size, body_file, key, key_digest, spec, last_error)"
                        " VALUES(?,?,0,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  Statement insert_body_{db_, "INSERT INTO body(seq, bytes) VALUES(?,?)"};
  Statement begin_{db_, "UPDATE job SET state=1, attempt=?2, started=?3 WHERE id=?1 AND state<2"};
  Statement return_{db_,
                    "UPDATE job SET state=0, attempt=?2, not_before_utc=?3, not_before_boot=?4,"
                    " last_error=coalesce(?5, last_error) WHERE id=?1 AND state<2"};
  Statement unfinished_{db_, "SELECT seq, body_file, spec FROM job WHERE id=? AND state<2"};
  Statement end_{db_,
                 "UPDATE job SET state=?2, ended=?3, keep=?4, expires_utc=?5, expires_boot=?6,"
                 " sweep=?6, ending=?7, body_file=NULL, key=iif(?8, NULL, key),"
                 " key_digest=iif(?8, NULL, key_digest), spec=coalesce(?9, spec) WHERE seq=?1"};
  Statement delete_body_{db_, "DELETE FROM body WHERE seq=?"};
  Statement insert_part_{
      db_,
      "INSERT INTO part(at, name, media_type, crc32, size, file, bytes) VALUES(?,?,?,?,?,?,?)"};
  Statement ended_{db_, "SELECT seq FROM job WHERE id=? AND state>=2"};
  Statement part_files_{db_, "SELECT file FROM part WHERE at BETWEEN ? AND ? AND file IS NOT NULL"};
  Statement delete_parts_{db_, "DELETE FROM part WHERE at BETWEEN ? AND ?"};
  Statement mark_dropped_{db_,
                          "UPDATE job SET result_dropped=1, key=NULL, key_digest=NULL WHERE seq=?"};
  Statement set_delivery_{
      db_, "INSERT OR REPLACE INTO delivery(seq, attempts, due_utc, due_boot) VALUES(?,?,?,?)"};
  Statement delete_delivery_{db_, "DELETE FROM delivery WHERE seq=?"};
  // What was kept for its delivery alone goes at the next turn.
  Statement sweep_again_{db_, "UPDATE job SET sweep=expires_boot WHERE seq=? AND sweep IS NULL"};
  Statement due_{db_,
                 "SELECT job.seq, delivery.seq FROM job LEFT JOIN delivery USING(seq)"
                 " WHERE sweep<=? ORDER BY sweep LIMIT ?"};
  Statement keep_record_{db_, "UPDATE job SET result_dropped=1, sweep=NULL WHERE seq=?"};
  Statement delete_job_{db_, "DELETE FROM job WHERE seq=?"};
  Statement refers_{db_,
                    "SELECT 1 FROM part WHERE file=?1 UNION ALL"
                    " SELECT 1 FROM job WHERE id=substr(?1, 1, instr(?1, '.') - 1)"
                    " AND body_file=?1"};
};

}  // namespace headrace::sqlite
