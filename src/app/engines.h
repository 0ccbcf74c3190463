#pragma once

#include <memory>
#include <vector>

#include "base/ledger.h"
#include "config/config.h"
#include "engine/local/local_engine.h"

namespace headrace {

// The engine that the configuration names. `ledger` outlives it.
std::unique_ptr<LocalEngine> MakeEngine(const EngineKeys& keys, std::vector<QueueOptions> queues,
                                        Ledger& ledger);

}  // namespace headrace
