#pragma once

#include <string>

#include "base/fd.h"
#include "base/payload.h"

namespace headrace {

// What the store does to files of bodies; a seam where tests let it fail. Names are relative to
// `folder`, a descriptor. Every call says by errno why it failed. Thread-safe.
class FileOps {
 public:
  FileOps() = default;
  FileOps(const FileOps&) = delete;
  FileOps& operator=(const FileOps&) = delete;
  virtual ~FileOps() = default;

  virtual UniqueFd Create(int folder, const std::string& name);  // must not exist; mode 0600
  virtual bool Write(int file, const Payload& payload);
  virtual bool Sync(int file);  // fdatasync(2)
  virtual bool Rename(int folder, const std::string& from, const std::string& to);
  virtual bool SyncFolder(int folder);  // fsync(2)
  virtual bool Unlink(int folder, const std::string& name);
};

}  // namespace headrace
