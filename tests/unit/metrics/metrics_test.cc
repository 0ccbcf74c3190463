#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/memory/memory_engine.h"
#include "support/engine_calls.h"
#include "support/jobs.h"

namespace headrace {
namespace {

// Series -> value, as a scraper reads them.
std::map<std::string, double> Parse(const std::string& text) {
  std::map<std::string, double> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.rfind(' ');
    EXPECT_TRUE(series.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second)
        << "twice: " << line;
  }
  return series;
}

class MetricsTest : public testing::Test {
 protected:
  [[nodiscard]] std::map<std::string, double> Scrape() const { return Parse(metrics_.Serialize()); }

  MemoryEngine engine_{{{"pdf", 2, 3}, {"simulate", 1, 10}}};
  Metrics metrics_{{"pdf", "simulate"}, engine_, "1.2.3"};
};

TEST_F(MetricsTest, ShowEverySeriesWithKnownLabelsAtZeroBeforeTheFirstJob) {
  const auto series = Scrape();
  for (const std::string queue : {"pdf", "simulate"}) {
    const std::string label = "queue=\"" + queue + "\"";
    for (const char* name :
         {"headrace_queue_length", "headrace_queue_bytes", "headrace_queue_oldest_age_seconds",
          "headrace_queue_drain_jobs_per_second", "headrace_job_mean_duration_seconds",
          "headrace_job_cpu_seconds_total", "headrace_jobs_accepted_total",
          "headrace_jobs_recovered_total", "headrace_jobs_running",
          "headrace_executors_started_total", "headrace_job_wait_seconds_count"}) {
      ASSERT_TRUE(series.contains(name + ("{" + label + "}"))) << name;
      EXPECT_EQ(series.at(name + ("{" + label + "}")), 0) << name;
    }
    const auto expect_all = [&](const std::string& name, const std::string& key,
                                const std::vector<std::string>& values) {
      for (const auto& value : values) {
        const std::string full = name + "{" + label + "," + key + "=\"" + value + "\"}";
        ASSERT_TRUE(series.contains(full)) << full;
        EXPECT_EQ(series.at(full), 0) << full;
      }
    };
    expect_all("headrace_jobs_rejected_total", "reason",
               {"full", "memory", "results", "quota", "deadline", "draining"});
    expect_all("headrace_jobs_finished_total", "outcome",
               {"succeeded", "failed", "cancelled", "expired"});
    for (const char* outcome : {"succeeded", "failed", "cancelled", "expired"}) {
      EXPECT_TRUE(series.contains("headrace_job_run_seconds_count{outcome=\"" +
                                  std::string(outcome) + "\"," + label + "}"))
          << outcome;
    }
    expect_all("headrace_job_last_duration_seconds", "phase", {"wait", "run"});
    expect_all("headrace_workers", "state", {"idle", "waiting", "busy", "overdue"});
    expect_all(
        "headrace_executor_deaths_total", "reason",
        {"crash", "memory", "cpu", "deadline", "cancelled", "protocol", "result", "sandbox"});
  }
  for (const char* name :
       {"headrace_slots{state=\"busy\"}", "headrace_slots{state=\"free\"}",
        "headrace_memory_bytes{use=\"uploads\"}", "headrace_memory_bytes{use=\"payloads\"}",
        "headrace_memory_bytes{use=\"results\"}", "headrace_memory_budget_bytes",
        "headrace_sandbox_layer{layer=\"no_new_privs\"}",
        "headrace_sandbox_layer{layer=\"rlimits\"}", "headrace_sandbox_layer{layer=\"landlock\"}",
        "headrace_sandbox_layer{layer=\"seccomp\"}", "headrace_log_dropped_total", "headrace_ready",
        "headrace_engine_errors_total", "headrace_spool_bytes", "headrace_spool_limit_bytes",
        "headrace_spool_errors_total", "headrace_http_connections",
        "headrace_http_request_duration_seconds_count{route=\"/v1/queues/{queue}/jobs\"}",
        "headrace_http_request_duration_seconds_count{route=\"other\"}"}) {
    ASSERT_TRUE(series.contains(name)) << name;
    EXPECT_EQ(series.at(name), 0) << name;
  }
  EXPECT_EQ(series.at("headrace_queue_capacity{queue=\"pdf\"}"), 3);
  EXPECT_EQ(series.at("headrace_build_info{version=\"1.2.3\"}"), 1);
}

TEST_F(MetricsTest, TellWhatTheProcessUses) {
  const auto series = Scrape();
  for (const char* name :
       {"process_cpu_seconds_total", "process_start_time_seconds", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"}) {
    ASSERT_TRUE(series.contains(name)) << name;
    EXPECT_GT(series.at(name), 0) << name;
  }
}

TEST_F(MetricsTest, TakeTheFiguresOfTheQueuesFromTheEngine) {
  PushTo(engine_, MakeJob(0, 100));
  PushTo(engine_, MakeJob(0, 100));
  const auto job = *engine_.Claim(0);
  auto series = Scrape();
  EXPECT_EQ(series["headrace_queue_length{queue=\"pdf\"}"], 1);
  EXPECT_EQ(series["headrace_queue_bytes{queue=\"pdf\"}"], 100);
  EXPECT_EQ(series["headrace_jobs_running{queue=\"pdf\"}"], 1);
  EXPECT_EQ(series["headrace_jobs_accepted_total{queue=\"pdf\"}"], 2);
  EXPECT_EQ(series["headrace_jobs_accepted_total{queue=\"simulate\"}"], 0);
  FinishAs(engine_, job->id, 1, JobState::kFailed);
  series = Scrape();
  EXPECT_EQ(series["headrace_jobs_finished_total{queue=\"pdf\",outcome=\"failed\"}"], 1);
}

TEST_F(MetricsTest, SumUpAtEveryScrapeWhileJobsComeAndGo) {
  std::atomic<bool> stop{false};
  std::thread load([&] {
    while (!stop) {
      PushTo(engine_, MakeJob(0));
      if (const auto job = engine_.Claim(0)) FinishAs(engine_, (*job)->id, 1, JobState::kSucceeded);
    }
  });
  for (int i = 0; i < 50; ++i) {
    auto series = Scrape();
    double sum = series["headrace_queue_length{queue=\"pdf\"}"] +
                 series["headrace_jobs_running{queue=\"pdf\"}"];
    for (const char* outcome : {"succeeded", "failed", "cancelled", "expired"}) {
      sum += series["headrace_jobs_finished_total{queue=\"pdf\",outcome=\"" + std::string(outcome) +
                    "\"}"];
    }
    EXPECT_EQ(series["headrace_jobs_accepted_total{queue=\"pdf\"}"] +
                  series["headrace_jobs_recovered_total{queue=\"pdf\"}"],
              sum);
  }
  stop = true;
  load.join();
}

TEST_F(MetricsTest, CountRejectionsByTheirReason) {
  metrics_.OnRejected(0, Rejection::kFull);
  metrics_.OnRejected(0, Rejection::kFull);
  metrics_.OnRejected(1, Rejection::kDraining);
  auto series = Scrape();
  EXPECT_EQ(series["headrace_jobs_rejected_total{queue=\"pdf\",reason=\"full\"}"], 2);
  EXPECT_EQ(series["headrace_jobs_rejected_total{queue=\"simulate\",reason=\"draining\"}"], 1);
}

TEST_F(MetricsTest, SortDurationsIntoTheBucketsOfTheDesign) {
  JobTimings timings;
  timings.wait = Seconds(0.003);
  timings.run = Seconds(400);
  timings.cpu = Seconds(1.5);
  metrics_.OnFinished(0, JobState::kSucceeded, timings, true);
  auto series = Scrape();
  const std::string wait = "headrace_job_wait_seconds_bucket{queue=\"pdf\",le=\"";
  EXPECT_EQ(series[wait + "0.001\"}"], 0);
  EXPECT_EQ(series[wait + "0.005\"}"], 1);
  for (const char* bound :
       {"0.025", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "120", "300", "+Inf"}) {
    EXPECT_EQ(series[wait + bound + "\"}"], 1) << bound;
  }
  const std::string run =
      "headrace_job_run_seconds_bucket{outcome=\"succeeded\",queue=\"pdf\",le=\"";
  EXPECT_EQ(series[run + "300\"}"], 0);
  EXPECT_EQ(series[run + "+Inf\"}"], 1);
  EXPECT_EQ(series["headrace_job_last_duration_seconds{queue=\"pdf\",phase=\"run\"}"], 400);
  EXPECT_EQ(series["headrace_job_mean_duration_seconds{queue=\"pdf\"}"], 400);
  EXPECT_EQ(series["headrace_job_cpu_seconds_total{queue=\"pdf\"}"], 1.5);
}

TEST_F(MetricsTest, TimeNoJobThatNeverRan) {
  metrics_.OnFinished(0, JobState::kExpired, {}, false);
  EXPECT_EQ(Scrape()["headrace_job_wait_seconds_count{queue=\"pdf\"}"], 0);
}

TEST_F(MetricsTest, CountRequestsByRouteMethodAndCode) {
  metrics_.OnHttpRequest(HttpRoute::kJobs, HttpMethod::kPost, 429, Seconds(0.001));
  metrics_.OnHttpRequest(HttpRoute::kJobs, HttpMethod::kPost, 429, Seconds(0.001));
  metrics_.OnHttpRequest(HttpRoute::kOther, HttpMethod::kOther, 404, Seconds(0.001));
  metrics_.OnHttpRequest(HttpRoute::kOther, HttpMethod::kOther, 1'000'000, Seconds(0));
  metrics_.OnHttpRequest(HttpRoute::kOther, HttpMethod::kOther, -1, Seconds(0));
  metrics_.OnHttpConnection(+1);
  metrics_.OnHttpConnection(+1);
  metrics_.OnHttpConnection(-1);
  auto series = Scrape();
  EXPECT_EQ(series["headrace_http_requests_total{code=\"429\",method=\"POST\",route=\"/v1/queues/"
                   "{queue}/jobs\"}"],
            2);
  EXPECT_EQ(series["headrace_http_requests_total{code=\"404\",method=\"other\",route=\"other\"}"],
            1);
  EXPECT_EQ(series["headrace_http_connections"], 1);
}

TEST_F(MetricsTest, CountTheFirstRequestsOfASeriesOnceEachFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int code = 200; code < 300; ++code) {
        metrics_.OnHttpRequest(HttpRoute::kRoot, HttpMethod::kGet, code, Seconds(0));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  auto series = Scrape();
  EXPECT_EQ(series["headrace_http_requests_total{code=\"250\",method=\"GET\",route=\"/\"}"], 4);
}

TEST_F(MetricsTest, AskOtherModulesWhenTheyAreScraped) {
  Ledger ledger(1000);
  const auto charge = ledger.TryCharge(MemoryUse::kResults, 10);
  MetricSources sources;
  sources.workers = [](QueueIndex queue) { return WorkerFigures{queue, 1, 2, 3}; };
  sources.slots = [] { return SlotFigures{3, 1}; };
  sources.drain_rate = [](QueueIndex) { return 2.5; };
  sources.executors = [](QueueIndex) {
    ExecutorFigures figures;
    figures.started = 7;
    figures.deaths[static_cast<std::size_t>(ExecutorDeath::kMemory)] = 2;
    return figures;
  };
  sources.executors_up = [](QueueIndex queue) { return queue != 0; };
  sources.deadline = [](QueueIndex) { return Seconds(1.5); };
  sources.ready = [] { return true; };
  sources.spool = [] { return SpoolFigures{10, 11, 12}; };
  sources.log_dropped = [] { return std::uint64_t{4}; };
  sources.ledger = &ledger;
  sources.webhooks = [] { return WebhookFigures{5, 6, 7, 8, 9}; };
  sources.traces = [] { return TraceFigures{10, 11, 12}; };
  sources.sandbox = {true, true, false, true};
  sources.reloads = [] { return ReloadFigures{2, 3, 1.5}; };
  sources.certificate_end = [] { return std::optional<double>(1e9); };
  metrics_.Connect(std::move(sources));
  auto series = Scrape();
  EXPECT_EQ(series["headrace_sandbox_layer{layer=\"landlock\"}"], 0);
  EXPECT_EQ(series["headrace_sandbox_layer{layer=\"seccomp\"}"], 1);
  EXPECT_EQ(series["headrace_workers{queue=\"simulate\",state=\"idle\"}"], 1);
  EXPECT_EQ(series["headrace_workers{queue=\"pdf\",state=\"overdue\"}"], 3);
  EXPECT_EQ(series["headrace_slots{state=\"busy\"}"], 3);
  EXPECT_EQ(series["headrace_queue_drain_jobs_per_second{queue=\"pdf\"}"], 2.5);
  EXPECT_EQ(series["headrace_executors_started_total{queue=\"pdf\"}"], 7);
  EXPECT_EQ(series["headrace_executor_deaths_total{queue=\"pdf\",reason=\"memory\"}"], 2);
  EXPECT_EQ(series["headrace_executors_up{queue=\"pdf\"}"], 0);
  EXPECT_EQ(series["headrace_executors_up{queue=\"simulate\"}"], 1);
  EXPECT_EQ(series["headrace_queue_deadline_seconds{queue=\"pdf\"}"], 1.5);
  EXPECT_EQ(series["headrace_ready"], 1);
  EXPECT_EQ(series["headrace_spool_bytes"], 10);
  EXPECT_EQ(series["headrace_spool_limit_bytes"], 11);
  EXPECT_EQ(series["headrace_spool_errors_total"], 12);
  EXPECT_EQ(series["headrace_log_dropped_total"], 4);
  EXPECT_EQ(series["headrace_memory_bytes{use=\"results\"}"], 10);
  EXPECT_EQ(series["headrace_memory_budget_bytes"], 1000);
  EXPECT_EQ(series["headrace_webhooks_total{outcome=\"sent\"}"], 5);
  EXPECT_EQ(series["headrace_webhook_failures_total"], 6);
  EXPECT_EQ(series["headrace_webhooks_total{outcome=\"given_up\"}"], 7);
  EXPECT_EQ(series["headrace_webhooks_pending"], 8);
  EXPECT_EQ(series["headrace_webhooks_in_flight"], 9);
  EXPECT_EQ(series["headrace_trace_spans_total{outcome=\"exported\"}"], 10);
  EXPECT_EQ(series["headrace_trace_spans_total{outcome=\"dropped\"}"], 11);
  EXPECT_EQ(series["headrace_trace_spans_total{outcome=\"failed\"}"], 12);
  EXPECT_EQ(series["headrace_config_reloads_total{outcome=\"applied\"}"], 2);
  EXPECT_EQ(series["headrace_config_reloads_total{outcome=\"refused\"}"], 3);
  EXPECT_EQ(series["headrace_config_last_reload_success_timestamp_seconds"], 1.5);
  EXPECT_EQ(series["headrace_tls_certificate_not_after_seconds"], 1e9);
}

TEST_F(MetricsTest, SayNothingOfACertificateWhereThereIsNone) {
  EXPECT_EQ(metrics_.Serialize().find("headrace_tls_"), std::string::npos);
}

class BrokenEngine : public LocalEngine {
 public:
  BrokenEngine()
      : LocalEngine({std::vector<QueueOptions>{{"pdf", 2, 3}}},
                    std::make_unique<MemoryStore>(nullptr)) {}
  [[nodiscard]] std::string Healthy() const override { return "the disk is full"; }
  [[nodiscard]] std::uint64_t Errors() const override { return 3; }
};

TEST_F(MetricsTest, TellWhetherTheEngineWorks) {
  EXPECT_EQ(Scrape()["headrace_engine_up"], 1);
  const BrokenEngine broken;
  auto series = Parse(Metrics({"pdf"}, broken, "1.2.3").Serialize());
  EXPECT_EQ(series["headrace_engine_up"], 0);
  EXPECT_EQ(series["headrace_engine_errors_total"], 3);
}

TEST_F(MetricsTest, AreWhatPromtoolCallsClean) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "no promtool here";
  metrics_.OnHttpRequest(HttpRoute::kRoot, HttpMethod::kGet, 200, Seconds(0));
  std::unique_ptr<FILE, int (*)(FILE*)> promtool(popen("promtool check metrics 2>&1", "w"), pclose);
  ASSERT_TRUE(promtool);
  const std::string text = metrics_.Serialize();
  ASSERT_EQ(fwrite(text.data(), 1, text.size(), promtool.get()), text.size());
  EXPECT_EQ(pclose(promtool.release()), 0);
}

}  // namespace
}  // namespace headrace
