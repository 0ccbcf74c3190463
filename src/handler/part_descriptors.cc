#include "handler/part_descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/ledger.h"

namespace headrace {
namespace {

// Smaller parts do not keep a descriptor busy while their answer is written.
constexpr std::size_t kLeastMemfd = std::size_t{64} << 10U;
// Nor do any below this size, which budgets of memory bound well enough, once parts have their
// share.
constexpr std::size_t kLeastAlways = std::size_t{1} << 20U;
constexpr rlim_t kShare = 8;

// Counts the parts that keep one: descriptors are the whole process's, and so is this.
Ledger& DescriptorsOfParts() {
  static Ledger descriptors(UINT64_MAX);
  return descriptors;
}

bool MayKeepDescriptor(std::size_t size) {
  if (size < kLeastMemfd) return false;
  rlimit limit{};
  if (size >= kLeastAlways || getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  return DescriptorsOfParts().Used() < limit.rlim_cur / kShare;
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

Expected<Payload> WithinDescriptors(Payload part) {
  if (!part.InMemfd()) return part;
  if (!MayKeepDescriptor(part.size())) return ReadAll(part.memfd(), part.size());
  part.Hold(DescriptorsOfParts().ChargeAnyway(MemoryUse::kResults, 1));
  return part;
}

}  // namespace headrace
