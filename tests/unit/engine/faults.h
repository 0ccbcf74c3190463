#pragma once

#include <atomic>
#include <limits>
#include <string>

#include "engine/sqlite/file_ops.h"

namespace headrace {

// Lets calls to the disk fail, those of SQLite and those to the files of bodies, counted together.
// Thread-safe. One at a time in a process.
class Faults {
 public:
  // Registers the VFS "faulty", which asks this object.
  Faults();
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // The calls with numbers from `first` on, `count` of them, fail; they are counted from 1 anew.
  void FailFrom(int first, int count = std::numeric_limits<int>::max());
  void FailNothing() { FailFrom(std::numeric_limits<int>::max()); }
  // Instead of their own code all of SQLite's calls fail with this one; 0: with their own.
  void SetCode(int code) { code_ = code; }

  // Whether a call that is made now is to fail.
  bool Fails();
  [[nodiscard]] int code(int own) const { return code_ != 0 ? code_.load() : own; }
  [[nodiscard]] bool AnyFailed() const { return failed_; }

 private:
  std::atomic<int> calls_{0};
  std::atomic<int> first_{std::numeric_limits<int>::max()};
  std::atomic<int> count_{0};
  std::atomic<int> code_{0};
  std::atomic<bool> failed_{false};
};

class FaultyFiles final : public FileOps {
 public:
  explicit FaultyFiles(Faults& faults) : faults_(faults) {}
  UniqueFd Create(int folder, const std::string& name) override;
  bool Write(int file, const Payload& payload) override;  // writes half, when it fails
  bool Sync(int file) override;
  bool Rename(int folder, const std::string& from, const std::string& to) override;
  bool SyncFolder(int folder) override;
  bool Unlink(int folder, const std::string& name) override;

 private:
  bool Fails();
  Faults& faults_;
};

}  // namespace headrace
