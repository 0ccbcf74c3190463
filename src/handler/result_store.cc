#include "handler/result_store.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstddef>
#include <utility>

#include "base/log.h"

namespace headrace {
namespace {

// Smaller results are not worth a file.
constexpr std::size_t kLeastSpooled = std::size_t{1} << 20U;

// In a file of the spool, which is never a tmpfs, as a memfd is.
bool LiesOnDisk(const Payload& payload) {
  struct statfs filesystem {};
  return payload.InMemfd() && fstatfs(payload.memfd(), &filesystem) == 0 &&
         filesystem.f_type != TMPFS_MAGIC;
}

}  // namespace

Ledger::Charge ResultStore::Reserve(std::uint64_t bytes) const {
  if (ledger_ == nullptr) return {};
  return ledger_->ChargeAnyway(MemoryUse::kResults, static_cast<std::size_t>(bytes));
}

Ledger::Charge ResultStore::Hold(ResultPart& part) const {
  if (ledger_ == nullptr || MovedToSpool(part)) return {};
  return Reserve(part.bytes.size());
}

void ResultStore::Keep(ResultPart& part) const {
  Ledger::Charge charge = Hold(part);
  if (charge.bytes() != 0) part.bytes.Hold(std::move(charge));
}

bool ResultStore::MovedToSpool(ResultPart& part) const {
  const std::size_t size = part.bytes.size();
  if (spool_ == nullptr || size < kLeastSpooled) return false;
  if (LiesOnDisk(part.bytes)) return true;
  if (ledger_->Used(MemoryUse::kResults) + size <= ledger_->budget() / 2) return false;
  auto stored = spool_->Store(part.bytes);
  if (!stored) {
    LogWarn("a result of {bytes} bytes stays in memory: spool: {detail}",
            {{"bytes", size}, {"detail", stored.error().hint}});
    return false;
  }
  part.bytes = *std::move(stored);
  return true;
}

}  // namespace headrace
