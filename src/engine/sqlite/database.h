#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/utc_time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace headrace::sqlite {

// Why a call of SQLite failed.
struct Failure {
  int code = 0;      // extended result code; 0: nothing failed
  std::string text;  // for the operator

  // It lies in what was to be written and would come again on a sound disk: others need not fail
  // for it.
  [[nodiscard]] bool OfTheStatement() const;
  [[nodiscard]] bool Corrupt() const;  // the file is damaged, or no database
  [[nodiscard]] bool DiskFull() const;
};

// Bytes that are stored as they are (a plain text is stored as TEXT).
struct Blob {
  std::string_view bytes;
};

enum class Access { kReadWrite, kReadOnly };

// One connection. Failures are kept: after the first one `failed()` stays true until it is
// forgotten, so that a group of changes is looked at once. For one thread at a time.
class Database {
 public:
  // Null if it cannot be opened; then `failure` says why. `vfs` is a name that SQLite knows, empty
  // for its default. A busy database is waited for, 5 s at most.
  static std::unique_ptr<Database> Open(const std::string& path, Access access,
                                        const std::string& vfs, Failure& failure);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One or several statements without values; false if one failed.
  bool Run(const char* sql);
  // The first column of the first row; nothing if there is none or it failed.
  std::optional<std::int64_t> Number(const char* sql);
  std::optional<std::string> Text(const char* sql);

  [[nodiscard]] bool failed() const { return failure_.code != 0; }
  [[nodiscard]] const Failure& failure() const { return failure_; }
  void ForgetFailure() { failure_ = {}; }
  void Fail(int code, std::string text);  // the first one stays
  // Keeps the failure of the last call, if it was one; false then.
  bool Check(int code);

  // Rows that the last statement changed.
  [[nodiscard]] int Changes() const;
  // Pages in the write-ahead log after the last COMMIT.
  [[nodiscard]] int WalPages() const { return wal_pages_; }
  // Moves what the log holds into the database file. False if the disk failed; that readers hinder
  // it is no failure.
  bool Checkpoint();
  // Ends an open transaction without a trace. Never fails: closing does the same.
  void Rollback();

 private:
  friend class Statement;
  Database() = default;

  sqlite3* handle_ = nullptr;
  Failure failure_;
  int wal_pages_ = 0;
};

// The rows of one query, which ends with it. Values are read by column, from 0 on; texts live until
// the next row.
class Rows {
 public:
  Rows(Database& db, sqlite3_stmt* statement) : db_(&db), statement_(statement) {}
  Rows(Rows&& other) noexcept;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  bool Next();  // false at the end, or if it failed

  [[nodiscard]] bool IsNull(int column) const;
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] std::optional<std::int64_t> OptionalInt(int column) const;
  [[nodiscard]] std::string_view Text(int column) const;
  [[nodiscard]] UtcTime Utc(int column) const;

 private:
  Database* db_;
  sqlite3_stmt* statement_;
};

// A prepared statement. Values are bound in their order; texts must live until the statement or its
// rows end.
class Statement {
 public:
  Statement(Database& db, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Runs it to its end; false if it failed.
  template <class... Values>
  bool Do(const Values&... values) {
    Rows rows = Query(values...);
    while (rows.Next()) {
    }
    return !db_.failed();
  }

  template <class... Values>
  Rows Query(const Values&... values) {
    int index = 0;
    (Bind(++index, values), ...);
    return {db_, db_.failed() ? nullptr : statement_};
  }

 private:
  void Bind(int index, std::int64_t value);
  void Bind(int index, int value) { Bind(index, std::int64_t{value}); }
  void Bind(int index, std::uint32_t value) { Bind(index, std::int64_t{value}); }
  void Bind(int index, std::size_t value) { Bind(index, static_cast<std::int64_t>(value)); }
  void Bind(int index, bool value) { Bind(index, std::int64_t{value ? 1 : 0}); }
  void Bind(int index, UtcTime value) { Bind(index, value.time_since_epoch().count()); }
  void Bind(int index, std::string_view value);
  void Bind(int index, const std::string& value) { Bind(index, std::string_view(value)); }
  void Bind(int index, Blob value);
  void Bind(int index, std::nullopt_t value);
  template <class Value>
  void Bind(int index, const std::optional<Value>& value) {
    if (value) {
      Bind(index, *value);
    } else {
      Bind(index, std::nullopt);
    }
  }

  Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace headrace::sqlite
