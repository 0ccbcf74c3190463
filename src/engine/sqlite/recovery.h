#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "engine/sqlite/body_files.h"
#include "engine/sqlite/clock.h"
#include "engine/sqlite/database.h"

namespace headrace::sqlite {

// Makes the folder if it is missing (0700) and locks it for this process. The lock goes with the
// descriptor. Error: another process has it, or it cannot be written.
Expected<UniqueFd> LockFolder(const std::string& path);

// Makes the database this process' own: what ran before waits, and if the machine was booted anew,
// instants move from the boot clock of then to that of now, by the wall clock.
Status TakeOver(Database& db, const Clock& clock);

// Deletes files that nothing refers to: of writes that were cut off, of changes that were never
// committed, or that were committed without their files going.
Status SweepFiles(Database& db, BodyFiles& files);

// For each name its number, new ones for new names. Error: all kMaxQueues are taken.
Expected<std::vector<std::size_t>> Tags(Database& db, const std::vector<std::string>& queues);

}  // namespace headrace::sqlite
