#pragma once

#include <memory>
#include <vector>

#include "base/ledger.h"
#include "config/config.h"
#include "engine/local/local_engine.h"

namespace headrace {

// What an engine's records and results are counted by. They outlive it and its results.
struct EngineLedgers {
  Ledger& memory;        // bytes
  Ledger& result_files;  // files of results that are open to be sent
};

// The engine that the configuration names.
std::unique_ptr<LocalEngine> MakeEngine(const EngineKeys& keys, std::vector<QueueOptions> queues,
                                        const EngineLedgers& ledgers);

}  // namespace headrace
