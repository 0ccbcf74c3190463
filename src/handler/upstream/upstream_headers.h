#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace headrace {

// The header fields that a file holds, as "Name: value" lines: secrets for the upstream, which have
// no place in the configuration. Empty lines and those that begin with # are left out. No file
// name: none. The error's hint names the file and the line, never a value: a file that cannot be
// read or is larger than 64 KiB, a line that is no field, and fields that are ours to set (those
// that frame the message or tell of the job).
Expected<std::vector<std::string>> ReadHeadersFile(const std::string& file);

}  // namespace headrace
