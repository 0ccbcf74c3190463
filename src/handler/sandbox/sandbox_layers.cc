#include "handler/sandbox/sandbox_layers.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "handler/sandbox/landlock.h"

namespace headrace {
namespace {

bool HasNoNewPrivs() { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0; }

// Sets a limit to what it is.
bool HasLimits() {
  rlimit limit{};
  return getrlimit(RLIMIT_CPU, &limit) == 0 && setrlimit(RLIMIT_CPU, &limit) == 0;
}

bool HasSyscallFilters() {
#ifdef HEADRACE_SANITIZED
  return false;  // see Confinement
#else
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
#endif
}

}  // namespace

SandboxLayers ProbeSandbox() {
  return {HasNoNewPrivs(), HasLimits(), LandlockAbi() > 0, HasSyscallFilters()};
}

std::string MissingLayers(const SandboxLayers& layers) {
  std::string missing;
  for (std::size_t i = 0; i < kSandboxLayers; ++i) {
    if (layers.at(i)) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(kSandboxLayerNames.at(i));
  }
  return missing;
}

Status CheckSandbox(SandboxMode mode, const SandboxLayers& layers) {
  const bool whole = std::all_of(layers.begin(), layers.end(), [](bool there) { return there; });
  if (mode == SandboxMode::kBestEffort || whole) return Ok();
  return Error{ErrorCode::kInvalidArgument, "sandbox",
               fmt::format("sandbox: required, but this system lacks {}: use a kernel, or a "
                           "container profile, that has it, or set sandbox: best-effort",
                           MissingLayers(layers)),
               ""};
}

}  // namespace headrace
