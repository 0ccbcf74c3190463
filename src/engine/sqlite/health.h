#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/sync.h"

namespace headrace::sqlite {

// What of the store works. Logs each change once. Thread-safe.
class Health {
 public:
  // The database: nothing is taken until it works again.
  void DatabaseFailed(const std::string& why);
  void DatabaseWorks();
  // A body's file could not be written: others may fit, so they are tried.
  void FilesFailed(const std::string& why);
  void FilesWork();

  [[nodiscard]] std::string Why() const;       // empty: all works
  [[nodiscard]] std::uint64_t Errors() const;  // failures so far, of both
  [[nodiscard]] bool FilesAreFailing() const;
  // What callers get at once while the database does not work.
  [[nodiscard]] std::optional<Error> Refusal() const;

 private:
  mutable Mutex mu_;
  std::string database_ GUARDED_BY(mu_);
  std::string files_ GUARDED_BY(mu_);
  std::uint64_t errors_ GUARDED_BY(mu_) = 0;
};

}  // namespace headrace::sqlite
