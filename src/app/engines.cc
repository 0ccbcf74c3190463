#include "app/engines.h"

#include <utility>

#include "engine/memory/memory_store.h"
#include "engine/sqlite/sqlite_store.h"

namespace headrace {
namespace {

std::unique_ptr<JobStore> MakeStore(const EngineKeys& keys, Ledger& ledger) {
  if (keys.kind == EngineKind::kMemory) return std::make_unique<MemoryStore>(&ledger);
  SqliteOptions options;
  options.path = keys.path;
  return std::make_unique<SqliteStore>(std::move(options));
}

}  // namespace

std::unique_ptr<LocalEngine> MakeEngine(const EngineKeys& keys, std::vector<QueueOptions> queues,
                                        Ledger& ledger) {
  return std::make_unique<LocalEngine>(LocalEngine::Options{std::move(queues), keys.max_keys},
                                       MakeStore(keys, ledger));
}

}  // namespace headrace
