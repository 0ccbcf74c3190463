#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "base/ledger.h"
#include "base/payload.h"

namespace headrace {

// Files without a name in one folder, for bytes that memory has no room for.
// The kernel frees a file with the last copy of its payload, at a crash too. Thread-safe. Outlives
// the payloads that it stored.
class Spool {
 public:
  // `limit` bytes in all files together. Error: the folder is missing, not writable, or is memory
  // itself (tmpfs), where nothing would be won.
  static Expected<Spool> Open(const std::string& folder, std::uint64_t limit);

  // The same bytes in a file. Error: the limit, or the disk is full or fails. Blocks for as long as
  // the disk takes.
  Expected<Payload> Store(const Payload& payload);

  // Bytes in files, and the most that may be.
  [[nodiscard]] std::uint64_t Used() const { return bytes_->Used(); }
  [[nodiscard]] std::uint64_t Limit() const { return bytes_->budget(); }
  // Calls of Store that failed.
  [[nodiscard]] std::uint64_t Errors() const { return errors_->load(std::memory_order_relaxed); }

 private:
  Spool(UniqueFd folder, std::uint64_t limit);
  Expected<Payload> TryStore(const Payload& payload);

  UniqueFd folder_;
  std::unique_ptr<Ledger> bytes_;
  std::unique_ptr<std::atomic<std::uint64_t>> errors_;
};

}  // namespace headrace
