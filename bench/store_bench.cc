// What it costs to keep jobs in SQLite. Makes its databases in FOLDER, and removes them.
//   store-bench FOLDER rate      jobs/s, 64 in flight, 1 KiB, and those of a bare loop; their ratio
//   store-bench FOLDER large     jobs/s, 16 in flight, 1 MiB in and out
//   store-bench FOLDER recover   how long 100,000 waiting jobs take to come back
//   store-bench FOLDER flat      1,000,000 jobs, 1000 kept at a time: the size of the files
//   store-bench FOLDER bare N    N jobs by the bare loop, 1 KiB: jobs/s
//   store-bench FOLDER files N   N files of 1 MiB written as the store does, and removed: files/s

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/job_id.h"
#include "base/sync.h"
#include "engine/sqlite/sqlite_store.h"
#include "store_bare_loop.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

double Since(SteadyTime start) { return Seconds(SteadyClock::now() - start).count(); }

[[noreturn]] void Die(const std::string& why) {
  fmt::print(stderr, "store-bench: {}\n", why);
  std::exit(1);
}

// Clients that each have one job in flight: inserted, begun, ended, again. They share a thread, as
// those of a reactor do.
class Clients {
 public:
  Clients(JobStore& store, int in_flight, std::size_t bytes, std::chrono::milliseconds keep)
      : store_(store), payload_(Payload::FromString(std::string(bytes, 'x'))), keep_(keep) {
    for (int i = 0; i < in_flight; ++i) free_.push_back({});
  }

  void Run(int jobs) {
    int begun = 0;
    for (int ended = 0; ended < jobs;) {
      const Client client = Next();
      if (!client.id.empty() && !client.ended) {
        End(client);
        continue;
      }
      if (client.ended) {
        ++ended;
        latencies_.push_back(Since(client.start));
      }
      if (begun < jobs) {
        ++begun;
        Insert();
      }
    }
  }

  // Seconds from the call of Insert to the Done of End.
  double Percentile(double part) {
    std::sort(latencies_.begin(), latencies_.end());
    return latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))];
  }

 private:
  struct Client {
    std::string id;
    SteadyTime start{};
    bool ended = false;
  };

  Client Next() {
    const MutexLock lock(mu_);
    while (free_.empty()) changed_.Wait(mu_);
    Client client = std::move(free_.front());
    free_.pop_front();
    return client;
  }

  JobStore::Done GivesBack(Client client) {
    return [this, client = std::move(client)](const Status& status) {
      if (!status) Die(status.error().detail);
      const MutexLock lock(mu_);
      free_.push_back(client);
      changed_.NotifyOne();
    };
  }

  void Insert() {
    KeptJob job;
    job.id = NewJobId(0);
    job.queue = "work";
    job.tenant = "tenant";
    job.media_type = "application/octet-stream";
    job.params = {{"dpi", "150"}, {"format", "png"}};
    job.accepted = UtcNow();
    job.deadline = Deadline::After(std::chrono::hours(1));
    store_.Insert(job, payload_, GivesBack({job.id, SteadyClock::now(), false}));
  }

  void End(Client client) {
    const std::string id = client.id;
    store_.Begin(id, 1, UtcNow());
    JobEnd end;
    end.outcome.state = JobState::kSucceeded;
    end.outcome.parts = {{"output", "text/plain", payload_, 1, {}}};
    end.ended = UtcNow();
    end.keep = keep_;
    client.ended = true;
    store_.End(id, end, GivesBack(std::move(client)));
  }

  JobStore& store_;
  const Payload payload_;
  const std::chrono::milliseconds keep_;
  std::vector<double> latencies_;
  Mutex mu_;
  CondVar changed_;
  std::deque<Client> free_ GUARDED_BY(mu_);
};

SqliteOptions OptionsFor(const std::string& folder) {
  SqliteOptions options;
  options.path = folder;
  return options;
}

JobStore::Recovered Open(JobStore& store) {
  auto recovered = store.Recover({"work"});
  if (!recovered) Die(recovered.error().detail);
  return *std::move(recovered);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double StoreRate(const std::string& folder, int jobs, int in_flight, std::size_t bytes) {
  fs::remove_all(folder);
  SqliteStore store(OptionsFor(folder));
  Open(store);
  Clients clients(store, in_flight, bytes, std::chrono::minutes(10));
  const double cpu = CpuSeconds();
  const SteadyTime start = SteadyClock::now();
  clients.Run(jobs);
  const double rate = jobs / Since(start);
  fmt::print(
      "  store: {:6.0f} jobs/s, insert to end p50 {:.2f} ms, p99 {:.2f} ms, {:.0f} us CPU/job\n",
      rate, clients.Percentile(0.5) * 1e3, clients.Percentile(0.99) * 1e3,
      (CpuSeconds() - cpu) / jobs * 1e6);
  return rate;
}

double Bare(const std::string& folder, int jobs, int in_flight) {
  fs::remove_all(folder);
  {
    SqliteStore makes_tables(OptionsFor(folder));
    Open(makes_tables);
  }
  return BareLoop(folder + "/jobs.db", jobs, in_flight, 1024);
}

void Files(const std::string& folder, int files) {
  fs::create_directories(folder);
  const auto threads = static_cast<int>(SqliteOptions{}.file_threads);
  fmt::print("{:.0f}\n", BareFiles(folder, files, threads, std::size_t{1} << 20U));
}

void Rate(const std::string& folder) {
  constexpr int kJobs = 60'000;
  constexpr int kInFlight = 64;
  std::vector<double> ratios;
  fmt::print("1 KiB in and out, {} in flight, {} jobs\n", kInFlight, kJobs);
  for (int round = 0; round < 3; ++round) {
    const double store = StoreRate(folder, kJobs, kInFlight, 1024);
    const double bare = Bare(folder, kJobs, kInFlight);
    ratios.push_back(store / bare);
    fmt::print("  bare:  {:6.0f} jobs/s in groups of {}; ratio {:.2f}\n", bare, kInFlight,
               ratios.back());
  }
  std::sort(ratios.begin(), ratios.end());
  fmt::print("ratio, median of 3: {:.2f} (bar: 0.5)\n", ratios[1]);
}

void Large(const std::string& folder) {
  fmt::print("1 MiB in and out, 16 in flight, 3000 jobs\n");
  StoreRate(folder, 3000, 16, std::size_t{1} << 20U);
}

void Recover(const std::string& folder) {
  constexpr int kJobs = 100'000;
  fs::remove_all(folder);
  {
    SqliteStore store(OptionsFor(folder));
    Open(store);
    std::atomic<int> told{0};
    for (int i = 0; i < kJobs; ++i) {
      KeptJob job;
      job.id = NewJobId(0);
      job.queue = "work";
      job.tenant = i % 10 == 0 ? "few" : "many";
      job.params = {{"dpi", "150"}, {"format", "png"}};
      job.accepted = UtcNow();
      job.deadline = Deadline::After(std::chrono::hours(1));
      store.Insert(job, Payload::FromString(std::string(1024, 'x')),
                   [&](const Status&) { ++told; });
    }
  }
  SqliteStore store(OptionsFor(folder));
  const SteadyTime start = SteadyClock::now();
  const auto recovered = Open(store);
  fmt::print("{} waiting jobs came back in {:.2f} s\n", recovered.unfinished.size(), Since(start));

  const auto list = [&](const char* what, const RecordFilter& filter) {
    std::atomic<bool> listed{false};
    const SteadyTime asked = SteadyClock::now();
    store.List(filter, [&](const Expected<std::vector<JobRecord>>& records) {
      fmt::print("  list of {}: {} records, {:.1f} ms\n", what, records ? records->size() : 0,
                 Since(asked) * 1e3);
      listed = true;
      listed.notify_one();
    });
    listed.wait(false);
  };
  list("the newest (opens the connection)", {});
  list("the newest", {});
  RecordFilter filter;
  filter.tenant = "few";
  list("a tenant's", filter);
  filter.state = JobState::kWaiting;
  list("a tenant's that wait", filter);
  filter.state = JobState::kFailed;
  list("a tenant's that failed", filter);
  filter.tenant.reset();
  filter.state = JobState::kRunning;
  list("those that run", filter);
  filter.state.reset();
  filter.queue = "none";
  list("those of an empty queue", filter);
}

std::uintmax_t SizeOf(const std::string& path) {
  std::error_code ignored;
  const auto size = fs::file_size(path, ignored);
  return ignored ? 0 : size;
}

void Flat(const std::string& folder) {
  constexpr int kTurns = 10;
  constexpr int kJobs = 100'000;
  fs::remove_all(folder);
  SqliteStore store(OptionsFor(folder));
  Open(store);
  const SteadyTime start = SteadyClock::now();
  for (int turn = 1; turn <= kTurns; ++turn) {
    Clients clients(store, 64, 1024, std::chrono::milliseconds(100));
    clients.Run(kJobs);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("{:8} jobs, {:5.0f} s: database {:6.1f} MB, log {:5.1f} MB, peak memory {} MB\n",
               turn * kJobs, Since(start), static_cast<double>(SizeOf(folder + "/jobs.db")) / 1e6,
               static_cast<double>(SizeOf(folder + "/jobs.db-wal")) / 1e6, usage.ru_maxrss / 1024);
  }
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) {
  const std::string_view what = argc >= 3 ? argv[2] : "";
  const int count = argc == 4 ? std::atoi(argv[3]) : 10'000;
  if (what.empty()) {
    fmt::print(stderr,
               "usage: store-bench FOLDER rate | large | recover | flat | bare N | files N\n");
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/store-bench";
  if (what == "rate") headrace::Rate(folder);
  if (what == "large") headrace::Large(folder);
  if (what == "recover") headrace::Recover(folder);
  if (what == "flat") headrace::Flat(folder);
  if (what == "bare") fmt::print("{:.0f}\n", headrace::Bare(folder, count, 64));
  if (what == "files") headrace::Files(folder, count);
  std::filesystem::remove_all(folder);
}
