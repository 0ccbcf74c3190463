#pragma once

#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/fd.h"

namespace headrace {

// A memfd of exactly `size` bytes, sealed against shrinking, growing and further seals (not against
// writing). The name shows in /proc for debugging.
Expected<UniqueFd> MakeSizedMemfd(const char* name, std::size_t size);

// Nothing can change the file from now on: what was checked stays what is read. The kernel says
// EBUSY also where it moves pages of the file at that moment itself (memory compaction), so it is
// asked again for up to a second. False with errno; EBUSY then: somebody maps it to write.
bool SealForever(int memfd);

// Writes all bytes at the descriptor's offset. False with errno.
bool WriteAll(int fd, std::span<const std::byte> bytes);

// 503: memory or descriptors are short. `what` and errno are for the operator.
Error OutOfMemory(const char* what);

}  // namespace headrace
