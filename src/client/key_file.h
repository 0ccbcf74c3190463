#pragma once

#include <string>

#include "base/error.h"

namespace headrace {

struct ClientKey {
  std::string key;
  std::string warning;  // empty: all is well with it
};

// The key that a file holds in its first line, without blanks around it. Warns of a file that
// others may read. Error (Refusal): it cannot be read, or holds no key.
Expected<ClientKey> ReadKeyFile(const std::string& path);

}  // namespace headrace
