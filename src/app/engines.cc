#include "app/engines.h"

#include <utility>

#include "engine/memory/memory_store.h"
#include "engine/sqlite/sqlite_store.h"

namespace headrace {
namespace {

std::unique_ptr<JobStore> MakeStore(const EngineKeys& keys, const EngineLedgers& ledgers) {
  if (keys.kind == EngineKind::kMemory) return std::make_unique<MemoryStore>(&ledgers.memory);
  SqliteOptions options;
  options.path = keys.path;
  options.ledger = &ledgers.memory;
  options.result_files = &ledgers.result_files;
  return std::make_unique<SqliteStore>(std::move(options));
}

}  // namespace

std::unique_ptr<LocalEngine> MakeEngine(const EngineKeys& keys, std::vector<QueueOptions> queues,
                                        const EngineLedgers& ledgers) {
  return std::make_unique<LocalEngine>(LocalEngine::Options{std::move(queues), keys.max_keys},
                                       MakeStore(keys, ledgers));
}

}  // namespace headrace
