#pragma once

#include "base/error.h"
#include "base/payload.h"

namespace headrace {

// A part as it is kept until its answer has been sent: with its memfd, or, where it is small or the
// parts of all results have their share of the process's descriptors, copied into memory. Error:
// it cannot be read. Thread-safe.
Expected<Payload> WithinDescriptors(Payload part);

}  // namespace headrace
