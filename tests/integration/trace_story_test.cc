// What a collector of traces gets to see of jobs, and what jobs see of their traces.
#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "support/folder.h"
#include "support/service_process.h"
#include "support/trace_collector.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kClient = "b7ad6b7169203331";
constexpr const char* kWait = "headrace.queue wait";
constexpr const char* kRun = "headrace.job run";
constexpr const char* kPost = "POST /v1/queues/{queue}/jobs";

constexpr const char* kSimulate =
    "  simulate: {handler: simulate, workers: 1, isolation: {mode: thread}}";

std::string Traceparent(const std::string& flags = "01") {
  return std::string("traceparent: 00-") + kTrace + "-" + kClient + "-" + flags + "\r\n";
}

std::string Tracing(const std::string& endpoint, const std::string& more = "") {
  return "tracing: {endpoint: '" + endpoint + "', interval: 100ms" + more + "}\n";
}

std::string Sample() {
  std::ifstream file(HEADRACE_TEST_DATA "/sample.pdf", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The span id in a traceparent.
std::string SpanOf(const std::string& traceparent) {
  return traceparent.size() == 55 ? traceparent.substr(36, 16) : traceparent;
}

void ExpectWithin(const SeenSpan& inner, const SeenSpan& outer) {
  EXPECT_GE(inner.start, outer.start) << inner.name;
  EXPECT_LE(inner.end, outer.end) << inner.name;
  EXPECT_LE(inner.start, inner.end) << inner.name;
}

TEST(TraceStory, APdfJobIsTheSpansOfItsRequestItsWaitAndItsRun) {
  const TraceCollector collector;
  const ServiceProcess service("  pdf-to-image: {handler: pdf-to-image, workers: 1}",
                               Tracing(collector.Url(), ", service_name: mill"));
  ASSERT_NE(service.port(), 0);
  const HttpAnswer answer =
      service.Post("/v1/queues/pdf-to-image/jobs?pages=1&dpi=72", Sample(),
                   "Content-Type: application/pdf\r\ntracestate: a=1,b=2\r\n" + Traceparent());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto servers = collector.Await(kPost);
  const auto waits = collector.Await(kWait);
  const auto runs = collector.Await(kRun);
  ASSERT_EQ(servers.size(), 1U);
  ASSERT_EQ(waits.size(), 1U);
  ASSERT_EQ(runs.size(), 1U);
  const SeenSpan& server = servers[0];
  const SeenSpan& wait = waits[0];
  const SeenSpan& run = runs[0];

  EXPECT_EQ(answer.Field("traceparent"), std::string("00-") + kTrace + "-" + server.id + "-01");
  EXPECT_EQ(server.parent, kClient);
  EXPECT_EQ(server.kind, 2U);
  EXPECT_EQ(server.At("http.request.method"), "POST");
  EXPECT_EQ(server.At("http.route"), "/v1/queues/{queue}/jobs");
  EXPECT_EQ(server.At("url.path"), "/v1/queues/pdf-to-image/jobs") << "and no query";
  EXPECT_EQ(server.At("url.scheme"), "http");
  EXPECT_EQ(server.At("http.response.status_code"), "200");
  EXPECT_NE(server.At("server.address"), "");
  for (const SeenSpan& span : {wait, run}) {
    EXPECT_EQ(span.trace, kTrace);
    EXPECT_EQ(span.parent, server.id);
    EXPECT_EQ(span.kind, 1U);
    EXPECT_EQ(span.At("headrace.queue"), "pdf-to-image");
    EXPECT_EQ(span.At("headrace.job.id"), answer.Field("Job-Id"));
    EXPECT_EQ(span.At("headrace.job.attempt"), "1");
    ExpectWithin(span, server);
  }
  for (const SeenSpan& span : {server, wait, run}) {
    EXPECT_EQ(span.state, "a=1,b=2");
    EXPECT_EQ(span.status, 0U);
  }
  EXPECT_EQ(server.At("headrace.job.id"), answer.Field("Job-Id"));
  EXPECT_EQ(wait.end, run.start);
  EXPECT_EQ(run.At("headrace.job.outcome"), "succeeded");
  EXPECT_GT(std::stod(run.At("headrace.job.cpu_time")), 0);
  EXPECT_GT(std::stoull(run.At("headrace.job.peak_memory")), 1'000'000U);
  EXPECT_TRUE(service.Await("headrace_trace_spans_total{outcome=\"exported\"}", 3));
}

TEST(TraceStory, AKeptJobThatIsTriedAgainStaysBelowItsRequest) {
  std::atomic<int> requests{0};
  std::string seen[2];
  const ScriptedServer app(Answering([&](const ServedRequest& request) {
    const int number = requests++;
    if (number < 2) seen[number] = request.Field("traceparent");
    return AnswerText(number == 0 ? 500 : 200, "x");
  }));
  const TraceCollector collector;
  const ServiceProcess service(
      "  app: {handler: http, workers: 1, retry_on: upstream, retry_delay: 10ms, upstream: '" +
          app.Url() + "'}",
      Tracing(collector.Url()));
  const HttpAnswer answer =
      service.Post("/v1/queues/app/jobs", "x", "Prefer: respond-async\r\n" + Traceparent());
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto servers = collector.Await(kPost);
  const auto waits = collector.Await(kWait, 2);
  const auto runs = collector.Await(kRun, 2);
  ASSERT_EQ(servers.size(), 1U);
  ASSERT_EQ(waits.size(), 2U);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(servers[0].At("http.response.status_code"), "202");
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(runs[i].trace, kTrace);
    EXPECT_EQ(runs[i].parent, servers[0].id);
    EXPECT_EQ(waits[i].parent, servers[0].id);
    EXPECT_EQ(waits[i].end, runs[i].start);
    EXPECT_EQ(runs[i].At("headrace.job.attempt"), std::to_string(i + 1));
    EXPECT_EQ(seen[i], std::string("00-") + kTrace + "-" + runs[i].id + "-01")
        << "the app is called from within the run";
  }
  EXPECT_EQ(runs[0].status, 2U);
  EXPECT_NE(runs[0].message, "");
  EXPECT_NE(runs[0].At("error.type"), "");
  EXPECT_EQ(runs[1].status, 0U);
  EXPECT_GE(waits[1].start, runs[0].end) << "the second wait begins after the first run";
}

TEST(TraceStory, AJobThatGoesOnAfterARestartKeepsItsTrace) {
  const Folder folder;
  const TraceCollector collector;
  std::atomic<int> begun{0};
  const ScriptedServer app([&](ServerConnection& connection) {
    if (connection.ReadRequest()) ++begun;
    connection.AwaitEnd();
  });
  const std::string more = "engine: {kind: sqlite, path: '" + (folder.path() / "jobs").string() +
                           "'}\n" + Tracing(collector.Url());
  const std::string queue =
      "  app: {handler: http, workers: 1, max_attempts: 3, upstream: '" + app.Url() + "'}";
  std::string server;
  std::string job;
  {
    ServiceProcess service(queue, more);
    const HttpAnswer answer = service.Post(
        "/v1/queues/app/jobs", "x", "Prefer: respond-async\r\ntracestate: a=1\r\n" + Traceparent());
    ASSERT_EQ(answer.status, 202) << answer.body;
    server = SpanOf(answer.Field("traceparent"));
    job = answer.Field("Job-Id");
    ASSERT_TRUE(Eventually([&] { return begun == 1; }));
    service.Signal(SIGKILL);
    EXPECT_EQ(service.Wait().signal, SIGKILL);
  }
  const ServiceProcess again(queue, more);
  // Not by the gauge of running jobs: a claimed job that is cancelled at once has no run.
  ASSERT_TRUE(Eventually([&] { return begun == 2; }));
  const std::string cancel = MakeRequest("DELETE", "/v1/jobs/" + job);
  EXPECT_EQ(Ask(again.port(), cancel).status, 200);
  const auto runs = collector.Await(kRun);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].trace, kTrace);
  EXPECT_EQ(runs[0].parent, server);
  EXPECT_EQ(runs[0].state, "a=1");
  EXPECT_EQ(runs[0].At("headrace.job.outcome"), "cancelled");
  EXPECT_EQ(runs[0].status, 0U) << "that is nobody's failure";
  const auto deletes = collector.Await("DELETE /v1/jobs/{id}");
  ASSERT_EQ(deletes.size(), 1U);
  EXPECT_EQ(deletes[0].parent, "");
  EXPECT_EQ(deletes[0].At("headrace.job.id"), job);
}

TEST(TraceStory, ACommandFindsTheSpanOfItsRunInItsEnvironment) {
  const TraceCollector collector;
  const ServiceProcess service(
      "  say: {handler: command, command: [sh, -c, 'printf \"%s %s\" $TRACEPARENT $TRACESTATE'],\n"
      "        output_type: text/plain, workers: 1, isolation: {allow_root: true}}",
      Tracing(collector.Url()));
  const HttpAnswer answer =
      service.Post("/v1/queues/say/jobs", "", "tracestate: a=1\r\n" + Traceparent());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto runs = collector.Await(kRun);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(answer.body, std::string("00-") + kTrace + "-" + runs[0].id + "-01 a=1");
}

TEST(TraceStory, AJobThatEndsWhileItWaitsIsAWaitThatFailed) {
  const TraceCollector collector;
  const ServiceProcess service(
      "  simulate: {handler: simulate, workers: 1, deadline: 200ms, expected_run: 1ms, "
      "isolation: {mode: thread}}",
      Tracing(collector.Url()));
  constexpr const char* kJobs = "/v1/queues/simulate/jobs?ms=60000&mode=sleep";
  ASSERT_EQ(service.Post(kJobs, "", "Prefer: respond-async\r\n").status, 202);
  ASSERT_TRUE(service.Await("headrace_jobs_running{queue=\"simulate\"}", 1));
  const HttpAnswer late = service.Post(kJobs, "", Traceparent());
  ASSERT_EQ(late.status, 504);
  const auto waits = collector.Await(kWait, 2);
  ASSERT_EQ(waits.size(), 2U);
  EXPECT_EQ(waits[1].trace, kTrace);
  EXPECT_EQ(waits[1].parent, SpanOf(late.Field("traceparent")));
  EXPECT_EQ(waits[1].status, 2U);
  EXPECT_EQ(waits[1].At("headrace.job.outcome"), "expired");
  EXPECT_GE(waits[1].end - waits[1].start, 150'000'000U);
  const auto servers = collector.Await(kPost, 2);
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[1].At("http.response.status_code"), "504");
  EXPECT_EQ(servers[1].At("error.type"), "504");
  EXPECT_EQ(servers[1].status, 2U);
}

TEST(TraceStory, WhatItsCallerDoesNotSampleIsNotRecorded) {
  const TraceCollector collector;
  const ServiceProcess service(kSimulate, Tracing(collector.Url(), ", sample: 0"));
  constexpr const char* kJobs = "/v1/queues/simulate/jobs?ms=0";
  EXPECT_THAT(service.Post(kJobs, "", Traceparent("00")).Field("traceparent"),
              testing::EndsWith("-00"));
  EXPECT_THAT(service.Post(kJobs).Field("traceparent"), testing::EndsWith("-00"));
  EXPECT_THAT(service.Post(kJobs, "", Traceparent("01")).Field("traceparent"),
              testing::EndsWith("-01"));
  EXPECT_EQ(collector.Await(kRun).size(), 1U);
  EXPECT_EQ(collector.Await(kPost).size(), 1U);
  EXPECT_EQ(collector.Spans().size(), 3U);
}

TEST(TraceStory, TheRootOfATraceIsTheRequestThatBeganIt) {
  const TraceCollector collector;
  const ServiceProcess service(kSimulate, Tracing(collector.Url()));
  const HttpAnswer answer = service.Get("/v1/queues/nothing?secret=tiger");
  EXPECT_EQ(answer.status, 404);
  const auto servers = collector.Await("GET /v1/queues/{queue}");
  ASSERT_EQ(servers.size(), 1U);
  EXPECT_EQ(servers[0].parent, "");
  EXPECT_EQ(servers[0].At("http.response.status_code"), "404");
  EXPECT_EQ(servers[0].status, 0U) << "a client's mistake";
  for (const auto& [name, value] : servers[0].attributes) {
    EXPECT_EQ(value.find("tiger"), std::string::npos) << name;
  }
}

TEST(TraceStory, SpansWaitForACollectorThatIsBusy) {
  TraceCollector collector;
  collector.Refuse(503, 1);
  ServiceProcess service(kSimulate, Tracing(collector.Url()));
  EXPECT_EQ(service.Post("/v1/queues/simulate/jobs?ms=0").status, 200);
  EXPECT_EQ(collector.Await(kRun).size(), 1U);
  EXPECT_EQ(collector.refused(), 1);
  EXPECT_TRUE(service.AwaitLog("traces: the collector answered 503"));
}

TEST(TraceStory, TheStopSendsWhatIsLeft) {
  const TraceCollector collector;
  ServiceProcess service(kSimulate,
                         "tracing: {endpoint: '" + collector.Url() + "', interval: 1h}\n");
  EXPECT_EQ(service.Post("/v1/queues/simulate/jobs?ms=0").status, 200);
  EXPECT_EQ(collector.Spans().size(), 0U);
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
  EXPECT_EQ(collector.Spans().size(), 3U);
}

TEST(TraceStory, ACollectorThatIsAbsentOrHangsCostsNothingButSpans) {
  const ScriptedServer hanging([](ServerConnection& connection) { connection.AwaitEnd(); });
  std::string absent;
  {
    const ScriptedServer gone([](ServerConnection&) {});
    absent = gone.Url("");
  }
  for (const std::string& endpoint : {absent, hanging.Url("")}) {
    ServiceProcess service(kSimulate, Tracing(endpoint, ", queue: 8"));
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(service.Post("/v1/queues/simulate/jobs?ms=0").status, 200);
    }
    EXPECT_TRUE(service.Await("headrace_trace_spans_total{outcome=\"exported\"}", 0));
    EXPECT_TRUE(Eventually(
        [&] { return service.Scrape()["headrace_trace_spans_total{outcome=\"dropped\"}"] >= 22; }));
    const auto asked = SteadyClock::now();
    service.Signal(SIGTERM);
    EXPECT_EQ(service.Wait().status, 0) << endpoint;
    EXPECT_LT(SteadyClock::now() - asked, seconds(8)) << "the drain's default";
  }
}

TEST(TraceStory, WithoutAnEndpointNothingIsMadeAndTheTraceIsPassedOn) {
  const ServiceProcess service(
      "  say: {handler: command, command: [sh, -c, 'printf \"%s %s\" $TRACEPARENT $TRACESTATE'],\n"
      "        output_type: text/plain, workers: 1, isolation: {allow_root: true}}");
  const HttpAnswer answer =
      service.Post("/v1/queues/say/jobs", "", "tracestate: a=1\r\n" + Traceparent());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, answer.Field("traceparent") + " a=1");
  EXPECT_THAT(answer.body, StartsWith(std::string("00-") + kTrace));
  EXPECT_EQ(service.Scrape()["headrace_trace_spans_total{outcome=\"exported\"}"], 0);
}

}  // namespace
}  // namespace headrace::testing_support
