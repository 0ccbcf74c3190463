// CPU that the core spends on a job, without HTTP: admission, queue, worker, outcome. `CPU` is that
// of the whole process, all threads together.
//   core-bench --benchmark_filter=Job

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "base/job_id.h"
#include "base/json.h"
#include "base/timer.h"
#include "engine/memory/memory_engine.h"
#include "handler/params.h"
#include "handler/simulate/simulate.h"
#include "handler/thread_runner.h"
#include "metrics/metrics.h"
#include "service/job_service.h"
#include "worker/worker_pool.h"

namespace headrace {
namespace {

constexpr int kInFlight = 64;  // as many as the HTTP benchmark has connections

class Client final : public Waiter {
 public:
  explicit Client(std::counting_semaphore<kInFlight>& places) : places_(places) {}
  void Deliver(const std::string& job_id, Outcome outcome) override {
    benchmark::DoNotOptimize(job_id.data());
    benchmark::DoNotOptimize(outcome.state);
    places_.release();
  }

 private:
  std::counting_semaphore<kInFlight>& places_;
};

class Nobody final : public Waiter {
 public:
  void Deliver(const std::string&, Outcome) override {}
};

class EmptyRunner final : public Runner {
 public:
  Outcome Run(const QueuedJob&) override {
    Outcome outcome;
    outcome.state = JobState::kSucceeded;
    return outcome;
  }
};

// A service with one queue `simulate`, as App composes it.
struct Core {
  Core(Runner& runner, std::size_t workers)
      : engine({{"simulate", workers, 10'000}}),
        metrics({"simulate"}, engine, "bench"),
        ledger(std::uint64_t{1} << 30U),
        service(Options(workers, ledger), engine, metrics),
        slots(2),
        pool({{"simulate", workers, true, &runner}}, engine, slots, metrics,
             {[this](const QueuedJob& job) { service.OnStarted(job); },
              [this](const JobPtr& job, Outcome outcome) {
                service.OnRan(job, std::move(outcome));
              }}) {
    pool.Start();
  }

  static JobService::Options Options(std::size_t workers, Ledger& ledger) {
    ServiceQueue queue;
    queue.options = {"simulate", workers, 10'000};
    queue.handler = &SimulateInfo();
    JobService::Options options;
    options.queues = {queue};
    options.ledger = &ledger;
    return options;
  }

  MemoryEngine engine;
  Metrics metrics;
  Ledger ledger;
  JobService service;
  SlotPool slots;
  WorkerPool pool;
};

void Drive(benchmark::State& state, Runner& runner) {
  Core core(runner, static_cast<std::size_t>(state.range(0)));
  std::counting_semaphore<kInFlight> places(kInFlight);
  for (auto _ : state) {
    places.acquire();
    Submission submission;
    submission.params = {{"ms", "0"}, {"token", "0123456789"}};
    submission.query_params = {"ms", "token"};
    core.service.Submit(std::move(submission), std::make_shared<Client>(places),
                        [&](const Expected<std::string>& id) {
                          if (!id) state.SkipWithError("refused");
                        });
  }
  for (int i = 0; i < kInFlight; ++i) places.acquire();
}

void EmptyJob(benchmark::State& state) {
  EmptyRunner runner;
  Drive(state, runner);
}
BENCHMARK(EmptyJob)->Arg(1)->Arg(2)->MeasureProcessCPUTime()->UseRealTime();

void NoOpSimulateJob(benchmark::State& state) {
  SimulateHandler handler;
  ThreadRunner runner(handler);
  Drive(state, runner);
}
BENCHMARK(NoOpSimulateJob)->Arg(1)->Arg(2)->MeasureProcessCPUTime()->UseRealTime();

// One thread only: all of a job but the hand-over to a worker.
void JobWithoutAWorker(benchmark::State& state) {
  MemoryEngine engine({{"simulate", 1, 10}});
  Metrics metrics({"simulate"}, engine, "bench");
  Ledger ledger(std::uint64_t{1} << 30U);
  JobService service(Core::Options(1, ledger), engine, metrics);
  for (auto _ : state) {
    Submission submission;
    submission.params = {{"ms", "0"}, {"token", "0123456789"}};
    submission.query_params = {"ms", "token"};
    service.Submit(std::move(submission), std::make_shared<Nobody>(),
                   [](const Expected<std::string>&) {});
    const auto claimed = engine.Claim(0);
    if (!claimed) {
      state.SkipWithError("refused");
      break;
    }
    const JobPtr job = *claimed;
    Outcome outcome;
    outcome.state = JobState::kSucceeded;
    service.OnRan(job, std::move(outcome));
  }
}
BENCHMARK(JobWithoutAWorker);

void CheckParams(benchmark::State& state) {
  const Params raw = {{"ms", "0"}, {"token", "0123456789"}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(ValidateParams(SimulateInfo(), raw, {"ms", "token"}).ok());
  }
}
BENCHMARK(CheckParams);

void RefusedJob(benchmark::State& state) {
  MemoryEngine engine({{"simulate", 0, 0}});
  Metrics metrics({"simulate"}, engine, "bench");
  ServiceQueue queue;
  queue.options = {"simulate", 0, 0};
  queue.handler = &SimulateInfo();
  JobService::Options options;
  options.queues = {queue};
  JobService service(std::move(options), engine, metrics);
  for (auto _ : state) benchmark::DoNotOptimize(service.Precheck(0, {10, "text/plain"}).ok());
}
BENCHMARK(RefusedJob);

void MetricsOfAJob(benchmark::State& state) {
  const MemoryEngine engine({{"simulate", 1, 1}});
  Metrics metrics({"simulate"}, engine, "bench");
  JobTimings timings;
  timings.wait = timings.run = Seconds(0.01);
  for (auto _ : state) metrics.OnFinished(0, JobState::kSucceeded, timings, true);
}
BENCHMARK(MetricsOfAJob);

void MetricsOfARequest(benchmark::State& state) {
  const MemoryEngine engine({{"simulate", 1, 1}});
  Metrics metrics({"simulate"}, engine, "bench");
  for (auto _ : state) {
    metrics.OnHttpRequest(HttpRoute::kJobs, HttpMethod::kPost, 200, Seconds(0.01));
  }
}
BENCHMARK(MetricsOfARequest);

void Scrape(benchmark::State& state) {
  const MemoryEngine engine({{"simulate", 1, 1}, {"pdf-to-image", 1, 1}});
  const Metrics metrics({"simulate", "pdf-to-image"}, engine, "bench");
  for (auto _ : state) benchmark::DoNotOptimize(metrics.Serialize().size());
}
BENCHMARK(Scrape)->Unit(benchmark::kMicrosecond);

void JobId(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(NewJobId(1).size());
}
BENCHMARK(JobId);

void ArmAndCancelADeadline(benchmark::State& state) {
  Timer timer;
  for (auto _ : state) {
    timer.Cancel(timer.Schedule(Deadline::After(std::chrono::minutes(1)), [] {}));
  }
}
BENCHMARK(ArmAndCancelADeadline)->MeasureProcessCPUTime();

void JsonString(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Json::String("a text without escapes").Text());
}
BENCHMARK(JsonString);

}  // namespace
}  // namespace headrace
