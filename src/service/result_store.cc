#include "service/result_store.h"

#include <cstddef>
#include <utility>

#include "base/log.h"

namespace headrace {
namespace {

// Smaller results are not worth a file.
constexpr std::size_t kLeastSpooled = std::size_t{1} << 20U;

}  // namespace

void ResultStore::Keep(ResultPart& part) const {
  if (ledger_ == nullptr || MovedToSpool(part)) return;
  part.bytes.Hold(ledger_->ChargeAnyway(MemoryUse::kResults, part.bytes.size()));
}

bool ResultStore::MovedToSpool(ResultPart& part) const {
  const std::size_t size = part.bytes.size();
  if (spool_ == nullptr || size < kLeastSpooled) return false;
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
