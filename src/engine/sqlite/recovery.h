#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "engine/job_store.h"
#include "engine/sqlite/body_files.h"
#include "engine/sqlite/clock.h"
#include "engine/sqlite/database.h"

namespace headrace::sqlite {

// Makes the folder if it is missing (0700) and locks it for this process. The lock goes with the
// descriptor. Error: another process has it, or it cannot be written.
Expected<UniqueFd> LockFolder(const std::string& path);

// Makes the database this process' own and says what is in it: what ran before waits; if the
// machine was booted anew, instants move from the boot clock of then to that of now, by the wall
// clock; files that nothing refers to go, of writes that were cut off, of changes that were never
// committed, or that were committed without their files going; each queue has its number.
Expected<JobStore::Recovered> RecoverFrom(Database& db, BodyFiles& files, const Clock& clock,
                                          const std::vector<std::string>& queues);

}  // namespace headrace::sqlite
