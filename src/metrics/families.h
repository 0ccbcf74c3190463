#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "metrics/metrics.h"

namespace headrace {

// The last finished job of a queue and the totals for its mean. Thread-safe.
struct QueueTimes {
  std::atomic<double> last_wait{0};
  std::atomic<double> last_run{0};
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> run_nanoseconds{0};
  std::atomic<std::uint64_t> cpu_nanoseconds{0};
};

// What the scrape's families are made of.
struct FamilyInputs {
  const std::vector<std::string>& queues;
  const std::vector<QueueFigures>& figures;  // one per queue
  const std::vector<QueueTimes>& times;      // one per queue
  const Engine& engine;
  const MetricSources& sources;
  const std::string& version;
};

// The gauges and counters whose values lie outside of the registry, all read at this instant.
std::vector<prometheus::MetricFamily> CollectFamilies(const FamilyInputs& in);

}  // namespace headrace
