#include "handler/registry.h"

#include <fmt/format.h>

#include <utility>

namespace headrace {

void HandlerRegistry::Add(HandlerEntry entry) {
  std::string name = entry.info.name;
  entries_.emplace(std::move(name), std::move(entry));
}

const HandlerEntry* HandlerRegistry::Find(std::string_view name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : &entry->second;
}

std::vector<std::string> HandlerRegistry::Names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::vector<std::string> CheckIsolation(const HandlerEntry& handler,
                                        const IsolationOptions& options) {
  std::vector<std::string> problems = Validate(options);
  if (options.mode == IsolationMode::kThread && handler.in_thread == nullptr) {
    problems.push_back(fmt::format("mode: handler {} cannot run on a thread, allowed is process",
                                   handler.info.name));
  }
  if (options.mode == IsolationMode::kProcess && handler.executor.empty()) {
    problems.push_back(
        fmt::format("mode: handler {} has no executor, allowed is thread", handler.info.name));
  }
  return problems;
}

}  // namespace headrace
