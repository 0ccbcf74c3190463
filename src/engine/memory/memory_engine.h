#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/ledger.h"
#include "engine/local/local_engine.h"
#include "engine/memory/memory_store.h"

namespace headrace {

// The default engine: all of it in this process's memory. It needs no Start.
class MemoryEngine final : public LocalEngine {
 public:
  // `ledger` outlives the engine; null: records weigh nothing.
  explicit MemoryEngine(std::vector<QueueOptions> queues, Ledger* ledger = nullptr)
      : LocalEngine({std::move(queues)}, std::make_unique<MemoryStore>(ledger)) {}
};

}  // namespace headrace
