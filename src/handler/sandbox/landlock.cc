#include "handler/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/fd.h"

namespace headrace {
namespace {

// The kernel's ABI, from include/uapi/linux/landlock.h: the headers of the system this is built on
// may be older than the kernel it runs on.
constexpr std::uint32_t kCreateVersion = 1U << 0U;
constexpr int kRulePathBeneath = 1;

constexpr std::uint64_t kExecute = 1U << 0U;
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kReadDir = 1U << 3U;
constexpr std::uint64_t kTruncate = 1U << 14U;

constexpr std::uint64_t kReadable = kExecute | kReadFile | kReadDir;
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate;
constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // from ABI 4 on
  std::uint64_t scoped = 0;   // from ABI 6 on
};

#pragma pack(push, 1)
struct PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};
#pragma pack(pop)

// All rights on files that a version knows.
std::uint64_t FileRights(int abi) {
  int bits = 13;         // ABI 1: to MAKE_SYM
  if (abi >= 2) ++bits;  // REFER
  if (abi >= 3) ++bits;  // TRUNCATE
  return (std::uint64_t{1} << static_cast<unsigned>(bits)) - 1;
}

std::size_t AttributesSize(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

std::string Reason(const std::string& what) {
  return "landlock: " + what + ": " + std::strerror(errno);
}

std::optional<std::string> Allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const UniqueFd parent(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!parent) return std::nullopt;  // what is not there needs no right
  struct stat status {};
  if (fstat(parent.get(), &status) != 0) return Reason(path);
  if (!S_ISDIR(status.st_mode)) rights &= kOfFiles;
  const PathBeneath rule{rights, parent.get()};
  if (syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) == 0) return std::nullopt;
  // A pipe or a memfd behind /proc/self/fd/N: in no folder, and open to who has it.
  if (errno == EBADFD) return std::nullopt;
  return Reason(path);
}

// Not open, with errno.
UniqueFd MakeRuleset(const RulesetAttributes& attributes, int abi) {
  return UniqueFd(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, AttributesSize(abi), 0)));
}

std::optional<std::string> Restrict(const UniqueFd& ruleset) {
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return Reason("restrict");
  return std::nullopt;
}

}  // namespace

int LandlockAbi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

std::optional<std::string> RestrictByLandlock(const LandlockPolicy& policy) {
  const int abi = LandlockAbi();
  if (abi == 0) return Reason("not in this kernel");
  RulesetAttributes attributes;
  attributes.files = FileRights(abi);
  attributes.network = policy.network ? 0 : kBindAndConnectTcp;
  attributes.scoped = kAbstractSocketsAndSignals;
  const UniqueFd ruleset = MakeRuleset(attributes, abi);
  if (!ruleset) return Reason("ruleset");
  for (const std::string& path : policy.readable) {
    if (auto reason = Allow(ruleset.get(), path, kReadable)) return reason;
  }
  for (const std::string& path : policy.writable) {
    if (auto reason = Allow(ruleset.get(), path, attributes.files)) return reason;
  }
  return Restrict(ruleset);
}

std::optional<std::string> RestrictSignalsByLandlock() {
  constexpr int kScopes = 6;
  const int abi = LandlockAbi();
  if (abi < kScopes) return std::nullopt;
  RulesetAttributes attributes;
  attributes.scoped = kAbstractSocketsAndSignals;
  const UniqueFd ruleset = MakeRuleset(attributes, abi);
  if (!ruleset) return Reason("ruleset");
  return Restrict(ruleset);
}

}  // namespace headrace
