// SIGHUP, as the program's operator sees it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "net/sha256.h"
#include "support/event.h"
#include "support/folder.h"
#include "support/service_process.h"
#include "support/tls_client.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kServer = "server: {listen: '127.0.0.1:0', slots: 8}\n";

Deadline Soon() { return Deadline::After(seconds(60)); }

std::string Queue(const std::string& keys) {
  return "  simulate: {handler: simulate, isolation: {mode: thread}, " + keys + "}";
}

std::string Target(int ms) {
  return "/v1/queues/simulate/jobs?mode=sleep&ms=" + std::to_string(ms);
}
std::string Job(int ms) { return MakeRequest("POST", Target(ms)); }

std::string Gauge(const std::string& name) { return name + "{queue=\"simulate\"}"; }

std::size_t CountIn(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
std::size_t Threads(const ServiceProcess& service) {
  return CountIn(fmt::format("/proc/{}/task", service.pid()));
}
std::size_t Descriptors(const ServiceProcess& service) {
  return CountIn(fmt::format("/proc/{}/fd", service.pid()));
}

// A file that its owner alone may read.
void Write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
  EXPECT_EQ(::chmod(file.c_str(), 0600), 0);
}

std::string KeyLine(const std::string& tenant, const std::string& key) {
  Sha256 sha;
  sha.Add(key);
  return fmt::format("{} {:02x}\n", tenant, fmt::join(sha.Finish(), ""));
}

TEST(Reload, MoreWorkersWorkAtOnceAndFewerLeaveAfterTheirJobs) {
  ServiceProcess service(Queue("workers: 1, capacity: 8"));
  ASSERT_NE(service.port(), 0) << service.Log();
  const std::size_t threads = Threads(service);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(service.port());
    clients.back().Send(Job(1'500));
  }
  EXPECT_TRUE(service.Await(Gauge("headrace_jobs_running"), 1));
  service.Configure(Queue("workers: 3, capacity: 8"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: queues.simulate.workers: 1 -> 3"));
  EXPECT_TRUE(service.Await(Gauge("headrace_jobs_running"), 3));
  EXPECT_THAT(service.Get("/v1/queues/simulate").body, HasSubstr("\"workers\":3"));
  service.Configure(Queue("workers: 1, capacity: 8"));
  EXPECT_EQ(service.Reload(), "applied");
  for (HttpClient& client : clients) {
    EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 200);
  }
  EXPECT_TRUE(Eventually([&] { return Threads(service) == threads; })) << Threads(service);
}

TEST(Reload, ASmallerCapacityRefusesNewcomersAndKeepsThoseWhoWait) {
  ServiceProcess service(Queue("workers: 1, capacity: 3"));
  std::vector<HttpClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(service.port());
    clients.back().Send(Job(i == 0 ? 60'000 : 0));
    EXPECT_TRUE(service.Await(Gauge("headrace_jobs_running"), 1));
  }
  EXPECT_TRUE(service.Await(Gauge("headrace_queue_length"), 3));
  service.Configure(Queue("workers: 1, capacity: 1, deadline: 30s"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_EQ(service.Scrape()[Gauge("headrace_queue_capacity")], 1);
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 429);
  EXPECT_THAT(service.Get("/v1/queues").body,
              AllOf(HasSubstr("\"capacity\":1"), HasSubstr("\"deadline_seconds\":30")));
  clients.erase(clients.begin());  // who goes ends its job
  for (HttpClient& client : clients) {
    EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 200);
  }
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
}

TEST(Reload, TimesOfJobsHoldForTheNextOnes) {
  ServiceProcess service(Queue("workers: 1"));
  service.Configure(Queue("workers: 1, deadline: 50ms, run_timeout: 50ms, max_attempts: 1"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_EQ(Ask(service.port(), Job(60'000)).status, 504);
  const HttpAnswer kept = service.Post(Target(60'000), "", "Prefer: respond-async\r\n");
  EXPECT_EQ(kept.status, 202);
  EXPECT_TRUE(Eventually([&] {
    return service.Get(kept.Field("Location")).body.find("run-timeout") != std::string::npos;
  })) << service.Get(kept.Field("Location")).body;
  service.Configure(Queue("workers: 1, async_deadline: 30ms, result_ttl: 1ms"));
  EXPECT_EQ(service.Reload(), "applied");
  const HttpAnswer gone = service.Post(Target(60'000), "", "Prefer: respond-async\r\n");
  EXPECT_TRUE(Eventually([&] { return service.Get(gone.Field("Location")).status == 410; }));
}

TEST(Reload, TheLogsLevelChangesBothWays) {
  ServiceProcess service(Queue("workers: 1"), "log: {level: info}\n");
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
  service.Configure(Queue("workers: 1"), "log: {level: debug}\n");
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: log.level: info -> debug"));
  EXPECT_THAT(service.Log(), Not(HasSubstr("job accepted")));
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
  EXPECT_TRUE(service.AwaitLog("job accepted"));
  service.Configure(Queue("workers: 1"), "log: {level: error}\n");
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: log.level: debug -> error"));
}

TEST(Reload, IsToldOfAtAnyLevelOfTheLog) {
  ServiceProcess service(Queue("workers: 1"), "log: {level: info}\n");
  service.Configure(Queue("workers: 1"), "log: {level: error}\n");
  EXPECT_EQ(service.Reload(), "applied");
  service.Configure(Queue("workers: 2"), "log: {level: error}\n");
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: queues.simulate.workers: 1 -> 2"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(
      service.AwaitLog("SIGHUP: the configuration is read again, nothing in it has changed"));
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
  EXPECT_THAT(service.Log(), Not(HasSubstr("info stopping"))) << "the level holds for all else";
}

TEST(Reload, KeysThatAreTakenAwayAreRefusedAtOnceAndNewOnesOpen) {
  const Folder folder;
  const auto file = folder.path() / "keys";
  Write(file, KeyLine("alice", "alices-key"));
  ServiceProcess service(Queue("workers: 1"), std::string(kServer) + "auth: {mode: keys, file: " +
                                                  file.string() + "}\n");
  const auto ask = [](HttpClient& client, const std::string& key) {
    client.Send(MakeRequest("POST", Target(0), "", "Authorization: Bearer " + key + "\r\n"));
    return client.Read(Soon()).value_or(HttpAnswer{}).status;
  };
  HttpClient open(service.port());
  EXPECT_EQ(ask(open, "alices-key"), 200);
  Write(file, KeyLine("bob", "bobs-key"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: auth.file: 1 keys added, 1 removed, 0 changed"));
  EXPECT_EQ(ask(open, "alices-key"), 401) << "also on a connection that was there before";
  HttpClient fresh(service.port());
  EXPECT_EQ(ask(fresh, "bobs-key"), 200);
  Write(file, "bob no-digest\n");
  EXPECT_EQ(service.Reload(), "refused");
  EXPECT_TRUE(service.AwaitLog("the key's digest is not 64 hexadecimal digits"));
  EXPECT_EQ(ask(fresh, "bobs-key"), 200);
}

TEST(Reload, ANewCertificateIsServedToNewConnectionsAndOpenOnesGoOn) {
  const Certificate first("reload", 1);
  ServiceProcess service(
      Queue("workers: 1"),
      fmt::format("server: {{listen: '127.0.0.1:0', tls: {{certificate: {}, key: {}}}}}\n",
                  first.certificate(), first.key()));
  ASSERT_NE(service.port(), 0) << service.Log();
  const std::string metric = "headrace_tls_certificate_not_after_seconds";
  const double before = service.Scrape()[metric];
  EXPECT_GT(before, 1.7e9);
  TlsClient open(service.port(), TLS1_3_VERSION);
  ASSERT_TRUE(open.Connect());
  EXPECT_EQ(open.Serial(), 1);
  const Certificate second("reload-next", 2, std::chrono::hours(48));
  const auto replace = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(second.certificate(), first.certificate(), replace);
  EXPECT_EQ(service.Reload(), "refused") << "its key is another one's";
  EXPECT_TRUE(service.AwaitLog("server.tls.certificate: the key "));
  std::filesystem::copy_file(second.key(), first.key(), replace);
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("SIGHUP: changed: server.tls.certificate: another one, to "));
  EXPECT_GT(service.Scrape()[metric], before + 3600);
  TlsClient fresh(service.port(), TLS1_3_VERSION);
  ASSERT_TRUE(fresh.Connect());
  EXPECT_EQ(fresh.Serial(), 2);
  for (TlsClient* const client : {&open, &fresh}) {
    client->Send(MakeRequest("POST", Target(0), "", "Connection: close\r\n"));
    EXPECT_THAT(client->ReadToEnd(), HasSubstr("HTTP/1.1 200"));
  }
}

TEST(Reload, LimitsOfRequestsHoldAtOnceOnOpenConnections) {
  const auto server = [](const std::string& keys) {
    return "server: {listen: '127.0.0.1:0', slots: 8" + keys + "}\n";
  };
  ServiceProcess service(Queue("workers: 1"), server(""));
  HttpClient open(service.port());
  const auto post = [&] {
    open.Send(MakeRequest("POST", Target(0), std::string(2'000, 'x')));
    return open.Read(Soon()).value_or(HttpAnswer{}).status;
  };
  EXPECT_EQ(post(), 200);
  HttpClient idle(service.port());
  service.Configure(Queue("workers: 1"), server(", max_body: 1KiB, idle_timeout: 100ms"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_EQ(idle.ReadToEnd(Soon()), "") << "it was idle for longer than it may now";
  HttpClient fresh(service.port());
  fresh.Send(MakeRequest("POST", Target(0), std::string(2'000, 'x')));
  EXPECT_EQ(fresh.Read(Soon()).value_or(HttpAnswer{}).status, 413);
  EXPECT_TRUE(service.Await("headrace_http_connections", 0));
  service.Configure(Queue("workers: 1"), server(", max_connections: 1, max_request_line: 256B"));
  EXPECT_EQ(service.Reload(), "applied");
  HttpClient one(service.port());
  one.Send(Job(0));
  EXPECT_EQ(one.Read(Soon()).value_or(HttpAnswer{}).status, 200);
  HttpClient two(service.port());
  EXPECT_EQ(two.ReadToEnd(Soon()), "");
  one.Send(MakeRequest("GET", "/v1/" + std::string(400, 'x')));
  EXPECT_EQ(one.Read(Soon()).value_or(HttpAnswer{}).status, 414);
}

TEST(Reload, TheNextStopTakesAsLongAsItSaysNow) {
  ServiceProcess service(Queue("workers: 1"), "shutdown: {drain: 60s}\n");
  HttpClient client(service.port());
  client.Send(Job(60'000));
  EXPECT_TRUE(service.Await(Gauge("headrace_jobs_running"), 1));
  service.Configure(Queue("workers: 1"), "shutdown: {drain: 100ms}\n");
  EXPECT_EQ(service.Reload(), "applied");
  service.Signal(SIGTERM);
  EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 503);
  EXPECT_EQ(service.Wait().status, 1);
}

// What the service shows of itself that a reload may change.
std::string Shown(const ServiceProcess& service) {
  return service.Get("/v1/queues").body + service.Get("/openapi.json").body;
}

TEST(Reload, WhatNeedsARestartIsNamedAndNothingElseChangesWithIt) {
  ServiceProcess service(Queue("workers: 1, capacity: 3"));
  const std::string before = Shown(service);
  service.Configure(
      "  simulate: {handler: simulate, isolation: {mode: thread}, workers: 2, capacity: 9, path: "
      "/put}\n"
      "  other: {handler: simulate, isolation: {mode: thread}}",
      "server: {listen: '127.0.0.1:0', slots: 7, async: false}\nlog: {level: error}\n");
  EXPECT_EQ(service.Reload(), "refused");
  EXPECT_TRUE(service.AwaitLog(
      "error SIGHUP: nothing is changed: needs a restart: server.slots, server.async, "
      "queues.simulate.path, queues.other\n"))
      << service.Log();
  EXPECT_EQ(Shown(service), before);
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
  EXPECT_TRUE(service.AwaitLog("job accepted")) << "the log's level is as it was";
}

TEST(Reload, ABrokenFileChangesNothingAndIsToldAsCheckTellsIt) {
  ServiceProcess service(Queue("workers: 1, capacity: 3"));
  const std::string before = Shown(service);
  const double since = service.Scrape()["headrace_config_last_reload_success_timestamp_seconds"];
  EXPECT_GT(since, 1.7e9) << "that of the start";
  service.Configure(Queue("workers: 2, capacity: many"), "shutdown: {drain: soon}\n");
  const Ended checked = RunProgram({"check", "--config", service.file()});
  EXPECT_EQ(checked.status, 1);
  EXPECT_EQ(service.Reload(), "refused");
  std::string line = "nothing is changed: " + checked.output;
  line.pop_back();
  line.replace(line.find('\n'), 1, "; ");
  EXPECT_TRUE(service.AwaitLog(line + "\n")) << line << service.Log();
  std::ofstream(service.file()) << "queues: [";
  EXPECT_EQ(service.Reload(), "refused");
  EXPECT_TRUE(service.AwaitLog("is not YAML"));
  std::filesystem::remove(service.file());
  EXPECT_EQ(service.Reload(), "refused");
  EXPECT_TRUE(service.AwaitLog("cannot be read: No such file or directory"));
  EXPECT_EQ(Shown(service), before);
  const Samples samples = service.Scrape();
  EXPECT_EQ(samples.at("headrace_config_reloads_total{outcome=\"refused\"}"), 3);
  EXPECT_EQ(samples.at("headrace_config_last_reload_success_timestamp_seconds"), since);
  EXPECT_EQ(samples.count("headrace_tls_certificate_not_after_seconds"), 0U);
  service.Configure(Queue("workers: 1, capacity: 3"));
  EXPECT_EQ(service.Reload(), "applied");
  EXPECT_TRUE(service.AwaitLog("nothing in it has changed"));
  EXPECT_GT(service.Scrape()["headrace_config_last_reload_success_timestamp_seconds"], since);
}

TEST(Reload, WorkersThatDoNotFitTheMemoryAreRefused) {
  const auto tool = [](int workers) {
    return fmt::format(
        "  tool: {{handler: command, command: [sleep, '1000'], protocol: frames, workers: {}, "
        "isolation: {{allow_root: true, memory: 64MiB}}}}",
        workers);
  };
  ServiceProcess service(tool(1), "memory: {budget: 64MiB}\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  service.Configure(tool(1024), "memory: {budget: 64MiB}\n");
  if (RunProgram({"check", "--config", service.file()}).status == 0)
    GTEST_SKIP() << "1024 workers of 64 MiB each fit the memory of this machine";
  EXPECT_EQ(service.Reload(), "refused");
  EXPECT_TRUE(service.AwaitLog("nothing is changed: memory does not suffice: "));
}

TEST(Reload, IsPassedOverDuringTheStop) {
  ServiceProcess service(Queue("workers: 1"), "shutdown: {delay: 60s}\n");
  service.Signal(SIGTERM);
  EXPECT_TRUE(service.AwaitLog("info stopping"));
  service.Signal(SIGHUP);
  EXPECT_TRUE(service.AwaitLog("SIGHUP: the service stops"));
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 1);
}

// scripts/prove_reload does it 50 times, with more clients and for longer.
TEST(Reload, TenTimesUnderLoadNoJobFailsAndNothingIsLeft) {
  constexpr int kClients = 6;
  const auto queue = [](int round) {
    return Queue(fmt::format("workers: {}, capacity: {}", 1 + round % 4, 20 + round));
  };
  ServiceProcess service(queue(0), "log: {level: info}\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
  EXPECT_TRUE(service.Await("headrace_http_connections", 0));
  const std::size_t threads = Threads(service);
  const std::size_t descriptors = Descriptors(service);
  std::atomic<bool> stop{false};
  std::atomic<int> done{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      HttpClient client(service.port());
      while (!stop) {
        client.Send(Job(1));
        ++(client.Read(Soon()).value_or(HttpAnswer{}).status == 200 ? done : failed);
      }
    });
  }
  for (int round = 1; round <= 10; ++round) {
    const int before = done;
    service.Configure(queue(round), "log: {level: info}\n");
    EXPECT_EQ(service.Reload(), "applied");
    EXPECT_TRUE(Eventually([&] { return done > before + kClients || failed > 0; }));
  }
  service.Configure(queue(0), "log: {level: info}\n");
  EXPECT_EQ(service.Reload(), "applied");
  stop = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(Eventually([&] { return Threads(service) == threads; })) << Threads(service);
  EXPECT_TRUE(Eventually([&] { return Descriptors(service) <= descriptors; }))
      << Descriptors(service) << " instead of " << descriptors;
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
}

}  // namespace
}  // namespace headrace::testing_support
