#pragma once

#include <sys/prctl.h>

#include "support/plain_user.h"

namespace headrace::testing_support {

// Makes this process what a keeper is: a subreaper whose memory nobody reads, of a user of its own.
// Idempotent. False: it is still root.
inline bool BecomeKeeper() {
  const bool plain = BecomePlainUser(HEADRACE_EVIL_COMMAND);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0);
  return plain;
}

}  // namespace headrace::testing_support
