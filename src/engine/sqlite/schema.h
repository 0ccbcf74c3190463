#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "engine/sqlite/database.h"

namespace headrace::sqlite {

// Makes a database of version N from one of version N - 1, N being its place from 1 on. Once it is
// released a migration never changes: the next version gets one of its own.
using Migration = const char*;

// All of them, in order; their number is the schema's version.
std::span<const Migration> Migrations();

// Brings the database to the newest version, each step in a transaction of its own. Error: the
// database belongs to another program or to a newer version of this one, or it failed.
Status Migrate(Database& db, std::span<const Migration> migrations);

// Opens the database for writing, as this store needs it: write-ahead log, synchronous=FULL (it is
// looked whether that holds), incremental vacuum. Creates the file, for its owner alone. Null with
// an error that says what to do.
Expected<std::unique_ptr<Database>> OpenForWriting(const std::string& path, const std::string& vfs);

// "it is damaged ..." and the like, for the operator.
std::string Explain(const Failure& failure, const std::string& path);
// kUnavailable, "engine-down": what callers get when the store does not work.
Error EngineDown(std::string detail);

}  // namespace headrace::sqlite
