#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/payload.h"
#include "engine/sqlite/file_ops.h"

namespace headrace::sqlite {

// The files of bodies that are too long for rows, in one folder that is this store's alone.
// Thread-safe; calls that name the same job come one after the other (engine/sqlite/lineup.h).
class BodyFiles {
 public:
  // Makes the folder if it is missing (0700). `ops` outlives this.
  static Expected<std::unique_ptr<BodyFiles>> Open(const std::string& path, FileOps& ops);

  // Writes a file that survives a power loss once this returns, and returns its name: `wanted`, or
  // that with a number behind it where there is such a file. On an error nothing is left of it, as
  // far as the disk allows.
  Expected<std::string> Write(const std::string& wanted, const Payload& payload);

  // Errors are logged: what stays is swept at the next start.
  void Remove(const std::string& name);

  // Whether the disk takes `kProbe` bytes now; for a store that waits for it to do so again.
  Status Probe();
  static constexpr std::size_t kProbe = std::size_t{64} << 10U;

  // kNotFound: it is gone, or not as long as it was.
  [[nodiscard]] Expected<Payload> Read(const std::string& name, std::uint64_t size) const;

  // Those that this class wrote, unfinished ones (IsUnfinished) among them. Files that it cannot
  // have written are not its business.
  [[nodiscard]] Expected<std::vector<std::string>> Names() const;
  static bool IsUnfinished(const std::string& name);

 private:
  BodyFiles(UniqueFd folder, std::string path, FileOps& ops);
  Status WriteNew(const std::string& name, const Payload& payload);
  [[nodiscard]] std::string FreeName(const std::string& wanted) const;
  [[nodiscard]] Error Failed(const char* call, const std::string& name) const;

  const UniqueFd folder_;
  const std::string path_;
  FileOps& ops_;
  std::atomic<std::uint64_t> next_{0};  // number of the next unfinished file
};

}  // namespace headrace::sqlite
