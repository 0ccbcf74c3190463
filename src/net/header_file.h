#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// The header fields that a file holds, as "Name: value" lines: secrets for another server, which
// have no place in the configuration. Empty lines and those that begin with # are left out. No file
// name: none. `ours`: names, in lower case, of fields that are not to be set so, beside those that
// frame the message. The error's hint names the file and the line, never a value: a file that
// cannot be read, is no regular one or larger than 64 KiB, a line that is no field, and fields that
// are ours. Blocks for as long as the disk takes.
Expected<std::vector<std::string>> ReadHeaderFile(const std::string& file,
                                                  std::span<const std::string_view> ours);

}  // namespace headrace
