#pragma once

#include <string>

#include "base/deadline.h"
#include "base/error.h"

namespace headrace {

// Asks a management listener: GET `path` at `listen` (0.0.0.0 and [::] are asked through loopback).
// Succeeds with the answer's text if it is a 200; blocks until the deadline at most.
Expected<std::string> ProbeHealth(const std::string& listen, const std::string& path,
                                  Deadline deadline);

}  // namespace headrace
