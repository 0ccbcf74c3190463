#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace headrace {

// One thing in which two configurations differ.
struct KeyChange {
  std::string path;   // of the key, or of a queue that only one of them has
  std::string text;   // "10 -> 20"; "changed" where values are kept out of the log; empty if !live
  bool live = false;  // a running service can take it over

  bool operator==(const KeyChange&) const = default;
};

// What a service that runs with `before` would have to change to run with `after`, in the order of
// the keys' declarations. A key that is declared and not marked live needs a restart, and so do
// queues that come or go, and TLS that is turned on or off. The order of queues says nothing.
std::vector<KeyChange> FindChanges(const Config& before, const Config& after);

// `after` with its queues in the order of `before`, which has the same ones: their positions are
// their numbers in a running service.
Config InOrderOf(const Config& before, Config after);

}  // namespace headrace
