#pragma once

#include <string>
#include <vector>

#include "service/key_ring.h"

namespace headrace {

// The keys that open the API, as their file has them.
struct KeyFile {
  std::vector<ApiKey> keys;
  std::vector<std::string> problems;  // "file:line: what"; with any of them the keys are of no use
  std::vector<std::string> warnings;  // the same form
};

// Reads a file of keys, one a line, at most 16 MiB:
//
//     TENANT SHA256 [waiting=N] [per_minute=N]
//
// the name of a tenant, of whom there may be several keys, the SHA-256 of the key in 64 hexadecimal
// digits, and its limits (KeyLimits). Empty lines and those that begin with # are passed over.
// Tells everything that is wrong at once. Warns if others may write the file: that is to hand out
// keys.
KeyFile LoadKeyFile(const std::string& path);

}  // namespace headrace
