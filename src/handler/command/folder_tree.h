#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>

#include "base/deadline.h"
#include "base/fd.h"

namespace headrace {

// Work on folders whose content nobody vouches for: names, depth, modes and links may be anything,
// and no link is followed. The folders must belong to this user. Nothing here throws.

// The least that a file counts, for its name and inode.
inline constexpr std::uint64_t kLeastOfFile = 4096;

// What the content of `folder` takes on the disk, sparse files by what is in them; stops once it is
// more than `limit`. The tree may change meanwhile. UINT64_MAX: deeper than 100 levels, or hidden
// from this user as fast as it is laid open.
std::uint64_t MeasureTree(int folder, std::uint64_t limit);

// Removes the content of `folder`, whatever its depth. Who makes files in it meanwhile can keep
// this at work until the deadline. False if something is left.
bool EmptyFolder(int folder, Deadline until = Deadline::Never());

// `name` in `folder` opened for reading if it is of the type `type` (S_IFDIR, S_IFREG), its mode
// being mended if that is in the way; not open otherwise, with errno.
UniqueFd OpenUntrusted(int folder, const char* name, mode_t type);

// Calls `visit` with each name in the folder but . and .., and with its type as of readdir(3);
// stops when it returns false. False with errno if the folder cannot be read.
bool ForEachName(int folder,
                 const std::function<bool(const char* name, unsigned char type)>& visit);

}  // namespace headrace
