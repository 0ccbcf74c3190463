#include "engine/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace headrace::sqlite {
namespace {

constexpr int kBusyTimeout = 5000;  // ms; only another program that looks inside can be in the way

int Primary(int code) { return code & 0xff; }

int KeepWalPages(void* pages, sqlite3* /*handle*/, const char* /*schema*/, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

bool Failure::OfTheStatement() const {
  switch (Primary(code)) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return true;
    default:
      return false;
  }
}

bool Failure::Corrupt() const {
  return Primary(code) == SQLITE_CORRUPT || Primary(code) == SQLITE_NOTADB;
}

bool Failure::DiskFull() const { return Primary(code) == SQLITE_FULL; }

std::unique_ptr<Database> Database::Open(const std::string& path, Access access,
                                         const std::string& vfs, Failure& failure) {
  std::unique_ptr<Database> db(new Database);
  const int flags = (access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.c_str(), &db->handle_, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    failure = {code, db->handle_ != nullptr ? sqlite3_errmsg(db->handle_) : sqlite3_errstr(code)};
    return nullptr;
  }
  sqlite3_busy_timeout(db->handle_, kBusyTimeout);
  // In place of SQLite's own checkpoint at COMMIT, whose failures nobody is told.
  sqlite3_wal_hook(db->handle_, KeepWalPages, &db->wal_pages_);
  return db;
}

Database::~Database() { sqlite3_close(handle_); }

void Database::Fail(int code, std::string text) {
  if (!failed()) failure_ = {code, std::move(text)};
}

bool Database::Check(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return true;
  Fail(code, fmt::format("{} ({})", sqlite3_errmsg(handle_), code));
  return false;
}

bool Database::Run(const char* sql) {
  return Check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

std::optional<std::int64_t> Database::Number(const char* sql) {
  Statement statement(*this, sql);
  Rows rows = statement.Query();
  if (!rows.Next()) return std::nullopt;
  return rows.OptionalInt(0);
}

std::optional<std::string> Database::Text(const char* sql) {
  Statement statement(*this, sql);
  Rows rows = statement.Query();
  if (!rows.Next() || rows.IsNull(0)) return std::nullopt;
  return std::string(rows.Text(0));
}

int Database::Changes() const { return sqlite3_changes(handle_); }

bool Database::Checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  wal_pages_ = 0;
  return Primary(code) == SQLITE_BUSY || Primary(code) == SQLITE_LOCKED || Check(code);
}

void Database::Rollback() {
  if (sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Rows::Rows(Rows&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::Next() {
  if (statement_ == nullptr) return false;
  const int code = sqlite3_step(statement_);
  return db_->Check(code) && code == SQLITE_ROW;
}

bool Rows::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Rows::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<std::int64_t> Rows::OptionalInt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::string_view Rows::Text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

UtcTime Rows::Utc(int column) const { return UtcTime(std::chrono::milliseconds(Int(column))); }

Statement::Statement(Database& db, std::string_view sql) : db_(db) {
  db_.Check(sqlite3_prepare_v3(db_.handle_, sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Bind(int index, std::int64_t value) {
  if (statement_ != nullptr) db_.Check(sqlite3_bind_int64(statement_, index, value));
}

void Statement::Bind(int index, std::string_view value) {
  if (statement_ == nullptr) return;
  const char* const text = value.empty() ? "" : value.data();
  db_.Check(sqlite3_bind_text64(statement_, index, text, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::Bind(int index, Blob value) {
  if (statement_ == nullptr) return;
  const char* const bytes = value.bytes.empty() ? "" : value.bytes.data();
  db_.Check(sqlite3_bind_blob64(statement_, index, bytes, value.bytes.size(), SQLITE_STATIC));
}

void Statement::Bind(int index, std::nullopt_t /*value*/) {
  if (statement_ != nullptr) db_.Check(sqlite3_bind_null(statement_, index));
}

}  // namespace headrace::sqlite
