#include "support/take_layer.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <map>
#include <memory>
#include <vector>

namespace headrace::testing_support {
namespace {

struct Failing {
  long call;
  int error;
  std::vector<scmp_arg_cmp> when;
};

scmp_arg_cmp Option(std::uint64_t option) { return {0, SCMP_CMP_EQ, option, 0}; }

scmp_arg_cmp Flag(std::uint64_t flag) { return {0, SCMP_CMP_MASKED_EQ, flag, flag}; }

const std::map<std::string, std::vector<Failing>>& Layers() {
  static const std::map<std::string, std::vector<Failing>> kLayers{
      {"no_new_privs",
       {{SYS_prctl, EINVAL, {Option(PR_SET_NO_NEW_PRIVS)}},
        {SYS_prctl, EINVAL, {Option(PR_GET_NO_NEW_PRIVS)}}}},
      {"rlimits",
       {{SYS_setrlimit, EPERM, {}},
        {SYS_prlimit64, EPERM, {{2, SCMP_CMP_NE, 0, 0}}}}},  // with a new limit
      {"landlock", {{SYS_landlock_create_ruleset, ENOSYS, {}}}},
      {"namespaces", {{SYS_clone, EPERM, {Flag(CLONE_NEWUSER)}}, {SYS_unshare, EPERM, {}}}},
      // As where namespaces can be made, but no right is had in them.
      {"mounts", {{SYS_mount, EACCES, {}}}},
      {"seccomp", {{SYS_seccomp, ENOSYS, {}}, {SYS_prctl, EINVAL, {Option(PR_SET_SECCOMP)}}}},
  };
  return kLayers;
}

}  // namespace

bool TakeLayerAway(const std::string& layer) {
  const auto found = Layers().find(layer);
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                 &seccomp_release);
  if (found == Layers().end() || !filter) return false;
  for (const auto& [call, error, when] : found->second) {
    if (seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)),
                               static_cast<int>(call), static_cast<unsigned>(when.size()),
                               when.data()) != 0) {
      return false;
    }
  }
  return seccomp_load(filter.get()) == 0;
}

}  // namespace headrace::testing_support
