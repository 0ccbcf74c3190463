#include "handler/result_store.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/log.h"

namespace headrace {
namespace {

// Smaller results are not worth a file; larger ones keep a descriptor in any case, for there cannot
// be many within a budget of memory.
constexpr std::size_t kLeastSpooled = std::size_t{1} << 20U;
// Smaller parts do not keep a descriptor busy while their answer is written.
constexpr std::size_t kLeastMemfd = std::size_t{64} << 10U;

// In a file of the spool, which is never a tmpfs, as a memfd is.
bool LiesOnDisk(const Payload& payload) {
  struct statfs filesystem {};
  return payload.InMemfd() && fstatfs(payload.memfd(), &filesystem) == 0 &&
         filesystem.f_type != TMPFS_MAGIC;
}

Expected<Payload> ReadAll(int memfd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(memfd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return Error{ErrorCode::kInternal, "internal", "the result could not be read",
                   fmt::format("memfd: {}", std::strerror(errno))};
    }
    done += static_cast<std::size_t>(got);
  }
  return Payload::FromString(std::move(bytes));
}

}  // namespace

Expected<Payload> ResultStore::WithinDescriptors(Payload bytes) const {
  if (!bytes.InMemfd()) return bytes;
  auto descriptor = TakeDescriptor(bytes.size());
  if (!descriptor) return ReadAll(bytes.memfd(), bytes.size());
  bytes.Hold(*std::move(descriptor));
  return bytes;
}

std::optional<Ledger::Charge> ResultStore::TakeDescriptor(std::size_t size) const {
  if (size < kLeastMemfd) return std::nullopt;
  if (descriptors_ == nullptr) return Ledger::Charge();
  if (size < kLeastSpooled) return descriptors_->TryCharge(MemoryUse::kResults, 1);
  return descriptors_->ChargeAnyway(MemoryUse::kResults, 1);
}

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
