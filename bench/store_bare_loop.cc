#include "store_bare_loop.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "base/job_id.h"

namespace {

class Loop {
 public:
  Loop(const std::string& path, std::size_t bytes) : bytes_(bytes, 'x') {
    Check(
        sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
    for (const char* pragma :
         {"PRAGMA synchronous=FULL", "PRAGMA cache_size=-8192", "PRAGMA secure_delete=FAST"}) {
      Check(sqlite3_exec(db_, pragma, nullptr, nullptr, nullptr));
    }
    begin_ = Prepare("BEGIN IMMEDIATE");
    commit_ = Prepare("COMMIT");
    insert_job_ = Prepare(
        "INSERT INTO job(seq, id, state, attempt, queue, tenant, urgency, accepted, payload_size,"
        " spec) VALUES(?,?,0,0,'work','tenant',3,1800000000000,?,zeroblob(100))");
    insert_body_ = Prepare("INSERT INTO body(seq, bytes) VALUES(?,?)");
    run_ =
        Prepare("UPDATE job SET state=1, attempt=1, started=1800000000001 WHERE id=? AND state<2");
    find_ = Prepare("SELECT seq, body_file FROM job WHERE id=? AND state<2");
    end_ = Prepare(
        "UPDATE job SET state=2, ended=1800000000002, keep=600000, expires_utc=1800000600002,"
        " expires_boot=?2, sweep=?2, ending=zeroblob(56), body_file=NULL WHERE seq=?1");
    delete_body_ = Prepare("DELETE FROM body WHERE seq=?");
    insert_part_ = Prepare(
        "INSERT INTO part(at, name, media_type, crc32, size, bytes)"
        " VALUES(?1 * 1048576,'output','text/plain',1,?2,?3)");
  }
  ~Loop() {
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // `group` jobs are inserted in one transaction, begun and ended in the next.
  void Group(int group) {
    std::vector<std::string> ids;
    Run(begin_);
    for (int i = 0; i < group; ++i) {
      ids.push_back(headrace::NewJobId(0));
      Insert(ids.back());
    }
    Run(commit_);
    Run(begin_);
    for (const std::string& id : ids) End(id);
    Run(commit_);
  }

 private:
  static void Check(int code) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    std::fprintf(stderr, "bare loop: %s\n", sqlite3_errstr(code));
    std::exit(1);
  }
  sqlite3_stmt* Prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    statements_.push_back(statement);
    return statement;
  }
  static void Bind(sqlite3_stmt* statement, int index, std::string_view text) {
    sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void BindBytes(sqlite3_stmt* statement, int index) {
    sqlite3_bind_blob(statement, index, bytes_.data(), static_cast<int>(bytes_.size()),
                      SQLITE_STATIC);
  }
  static void Run(sqlite3_stmt* statement) {
    Check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }

  void Insert(const std::string& id) {
    sqlite3_bind_int64(insert_job_, 1, ++seq_);
    Bind(insert_job_, 2, id);
    sqlite3_bind_int64(insert_job_, 3, static_cast<sqlite3_int64>(bytes_.size()));
    Run(insert_job_);
    sqlite3_bind_int64(insert_body_, 1, seq_);
    BindBytes(insert_body_, 2);
    Run(insert_body_);
  }

  void End(const std::string& id) {
    Bind(run_, 1, id);
    Run(run_);
    Bind(find_, 1, id);
    Check(sqlite3_step(find_));
    const sqlite3_int64 seq = sqlite3_column_int64(find_, 0);
    sqlite3_reset(find_);
    sqlite3_bind_int64(end_, 1, seq);
    sqlite3_bind_int64(end_, 2, 1'000'000'000 + seq);
    Run(end_);
    sqlite3_bind_int64(delete_body_, 1, seq);
    Run(delete_body_);
    sqlite3_bind_int64(insert_part_, 1, seq);
    sqlite3_bind_int64(insert_part_, 2, static_cast<sqlite3_int64>(bytes_.size()));
    BindBytes(insert_part_, 3);
    Run(insert_part_);
  }

  const std::string bytes_;
  sqlite3* db_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* insert_job_ = nullptr;
  sqlite3_stmt* insert_body_ = nullptr;
  sqlite3_stmt* run_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
  sqlite3_stmt* end_ = nullptr;
  sqlite3_stmt* delete_body_ = nullptr;
  sqlite3_stmt* insert_part_ = nullptr;
  sqlite3_int64 seq_ = 0;
};

}  // namespace

double BareLoop(const std::string& path, int jobs, int group, std::size_t bytes) {
  Loop loop(path, bytes);
  const auto start = std::chrono::steady_clock::now();
  for (int done = 0; done < jobs; done += group) loop.Group(group);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return jobs / took.count();
}

double BareFiles(const std::string& folder, int files, int threads, std::size_t bytes) {
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string content(bytes, 'x');
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int number = next++; number < files; number = next++) {
      const std::string name = "bare-" + std::to_string(number);
      const std::string unfinished = "unfinished-" + name;
      const int file = openat(directory, unfinished.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      bool good = write(file, content.data(), bytes) == static_cast<ssize_t>(bytes);
      good = good && fdatasync(file) == 0 && close(file) == 0;
      good = good && renameat(directory, unfinished.c_str(), directory, name.c_str()) == 0;
      good = good && fsync(directory) == 0 && unlinkat(directory, name.c_str(), 0) == 0;
      if (!good) {
        std::perror("store-bench: files");
        std::exit(1);
      }
    }
  };
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  close(directory);
  return files / took.count();
}
