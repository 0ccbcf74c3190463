#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace headrace {

// The first process of the namespaces that a program runs in. It reaps what loses its parent; when
// the program ends it ends all others, then itself.

// In the child that is to be it. The kernel kills it, and so all in its namespaces, when the keeper
// ends in whatever way; fails if that has ended. `keeper`: its pidfd, for its number means nothing
// here.
std::optional<std::string> DieWithKeeper(int keeper);

// The rest of its life: `program` is its child. When no other process is left it writes the
// program's status, as of waitpid(2), to `word` and exits. Of all other descriptors it lets go.
[[noreturn]] void RunInit(pid_t program, int word);

// In the keeper, when the init has ended: the status that it wrote; nothing if it was killed or
// there is none.
std::optional<int> ReadInitsWord(int word);

}  // namespace headrace
