// Time from a job's start on its worker to its outcome, in an executor whose handler does nothing.
// One worker, one job after the other; the next executor is forked while the job before it runs.
//   executor-bench

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "handler/pool/executor_pool.h"

namespace headrace {
namespace {

double Percentile(std::vector<double>& sorted, std::size_t percent) {
  return sorted.at((sorted.size() - 1) * percent / 100);
}

void NoOpJob(benchmark::State& state, const char* binary, std::uint32_t recycle_after) {
  SpawnQueue spawn_queue;
  ExecutorPoolOptions options;
  options.queue = "bench";
  options.binary = binary;
  options.recycle_after = recycle_after;
  ExecutorPool pool(options, spawn_queue);
  spawn_queue.RunUntilSettled(Deadline::After(std::chrono::seconds(10)));
  QueuedJob job;
  job.id = "id";
  job.queue_name = "bench";
  std::vector<double> microseconds;
  for (auto _ : state) {
    const SteadyTime begin = SteadyClock::now();
    if (pool.Run(job).state != JobState::kSucceeded) {
      state.SkipWithError("the job failed");
      return;
    }
    microseconds.push_back(Seconds(SteadyClock::now() - begin).count() * 1e6);
  }
  std::sort(microseconds.begin(), microseconds.end());
  state.counters["p50_us"] = Percentile(microseconds, 50);
  state.counters["p99_us"] = Percentile(microseconds, 99);
}
BENCHMARK_CAPTURE(NoOpJob, Sandboxed, HEADRACE_NOOP_MINIMAL, 1)->UseRealTime();
BENCHMARK_CAPTURE(NoOpJob, LimitsOnly, HEADRACE_NOOP_TRUSTED, 1)->UseRealTime();
BENCHMARK_CAPTURE(NoOpJob, Recycled, HEADRACE_NOOP_MINIMAL, 1000)->UseRealTime();

}  // namespace
}  // namespace headrace
