#include "engine/sqlite/health.h"

#include <utility>

#include "base/log.h"
#include "engine/sqlite/schema.h"

namespace headrace::sqlite {

void Health::DatabaseFailed(const std::string& why) {
  std::string before;
  {
    const MutexLock lock(mu_);
    before = std::exchange(database_, why);
    ++errors_;
  }
  if (before.empty()) {
    LogError("store: {detail}; no job is taken until it works again", {{"detail", why}});
  }
}

void Health::DatabaseWorks() {
  std::string before;
  {
    const MutexLock lock(mu_);
    before = std::exchange(database_, {});
  }
  if (!before.empty()) LogInfo("store: the database works again");
}

void Health::FilesFailed(const std::string& why) {
  std::string before;
  {
    const MutexLock lock(mu_);
    before = std::exchange(files_, why);
    ++errors_;
  }
  if (before.empty()) LogError("store: {detail}", {{"detail", why}});
}

void Health::FilesWork() {
  std::string before;
  {
    const MutexLock lock(mu_);
    before = std::exchange(files_, {});
  }
  if (!before.empty()) LogInfo("store: files can be written again");
}

std::string Health::Why() const {
  const MutexLock lock(mu_);
  return database_.empty() ? files_ : database_;
}

std::uint64_t Health::Errors() const {
  const MutexLock lock(mu_);
  return errors_;
}

bool Health::FilesAreFailing() const {
  const MutexLock lock(mu_);
  return !files_.empty();
}

std::optional<Error> Health::Refusal() const {
  const MutexLock lock(mu_);
  if (database_.empty()) return std::nullopt;
  return EngineDown(database_);
}

}  // namespace headrace::sqlite
