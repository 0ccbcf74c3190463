#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "base/error.h"
#include "handler/sandbox/isolation.h"

namespace headrace {

// The walls around an executor that depend on the kernel, or on what a container lets through.
enum class SandboxLayer { kNoNewPrivs, kRlimits, kLandlock, kSeccomp };
inline constexpr std::size_t kSandboxLayers = 4;
inline constexpr std::array<const char*, kSandboxLayers> kSandboxLayerNames{
    "no_new_privs", "rlimits", "landlock", "seccomp"};

// Which of them are there, by SandboxLayer.
using SandboxLayers = std::array<bool, kSandboxLayers>;

// Asks this system. Changes nothing. Sanitizer builds leave the syscall filter out and say so.
SandboxLayers ProbeSandbox();

// The names of those that are not there, "landlock, seccomp"; empty if all are.
std::string MissingLayers(const SandboxLayers& layers);

// Whether the service may start: with `required` every layer must be there. The hint names what is
// missing and what to do.
Status CheckSandbox(SandboxMode mode, const SandboxLayers& layers);

}  // namespace headrace
