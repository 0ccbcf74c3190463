// The program as its operator sees it: start, configuration, metrics, stop.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "handler/sandbox/namespaces.h"
#include "support/client_process.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kFive =
    "  simulate: {handler: simulate, workers: 5, capacity: 5, isolation: {mode: thread}}";
constexpr const char* kBoth =
    "  simulate: {handler: simulate, workers: 1, isolation: {mode: thread}}\n"
    "  pdf-to-image: {handler: pdf-to-image, workers: 1}";
constexpr const char* kRunning = "headrace_jobs_running{queue=\"simulate\"}";
constexpr const char* kWaiting = "headrace_queue_length{queue=\"simulate\"}";

Deadline Soon() { return Deadline::After(seconds(60)); }

std::string Job(int ms) {
  return MakeRequest("POST", "/v1/queues/simulate/jobs?mode=sleep&ms=" + std::to_string(ms));
}

// Five jobs that run and five that wait.
std::vector<HttpClient> TenJobs(const ServiceProcess& service, int ms) {
  std::vector<HttpClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(service.port());
    clients.back().Send(Job(ms));
  }
  EXPECT_TRUE(service.Await(kRunning, 5));
  EXPECT_TRUE(service.Await(kWaiting, 5));
  return clients;
}

TEST(Program, SigtermLetsTenJobsEndAndExitsWith0) {
  ServiceProcess service(kFive);
  ASSERT_NE(service.port(), 0) << service.Log();
  std::vector<HttpClient> clients = TenJobs(service, 1000);
  service.Signal(SIGTERM);
  for (HttpClient& client : clients) {
    const HttpAnswer answer = client.Read(Soon()).value_or(HttpAnswer{});
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.Field("Connection"), "close");
  }
  EXPECT_EQ(service.Wait().status, 0);
  EXPECT_THAT(service.Log(), HasSubstr("every job was answered"));
}

TEST(Program, JobsThatDoNotEndInTimeGet503AndTheExitStatusIs1) {
  ServiceProcess service(kFive, "shutdown: {drain: 300ms}\n");
  std::vector<HttpClient> clients = TenJobs(service, 30'000);
  service.Signal(SIGTERM);
  for (HttpClient& client : clients) {
    const HttpAnswer answer = client.Read(Soon()).value_or(HttpAnswer{});
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_FALSE(answer.Field("Retry-After").empty());
  }
  EXPECT_EQ(service.Wait().status, 1);
  EXPECT_THAT(service.Log(), HasSubstr("10 jobs were cut"));
}

TEST(Program, ASecondSigtermEndsItAtOnceAndItsExecutorsWithIt) {
  ServiceProcess service(kBoth, "shutdown: {drain: 60s}\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  const auto warm = service.Log().find(": zygote ");
  ASSERT_NE(warm, std::string::npos) << service.Log();
  const pid_t zygote = std::atoi(service.Log().c_str() + warm + 9);
  HttpClient client(service.port());
  client.Send(Job(30'000));
  ASSERT_TRUE(service.Await(kRunning, 1));
  service.Signal(SIGTERM);
  EXPECT_THAT(service.NextInLog("info stopping"), "") << "the stop has begun";
  const SteadyTime start = SteadyClock::now();
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 1);
  EXPECT_LT(SteadyClock::now() - start, seconds(2));
  EXPECT_THAT(service.Log(), HasSubstr("1 jobs were cut"));
  EXPECT_TRUE(AwaitGone(zygote));
}

TEST(Program, WhileItStopsItIsUnreadyAndGoesOnAcceptingForTheDelay) {
  ServiceProcess service(kFive, "shutdown: {delay: 60s}\n");
  EXPECT_EQ(Ask(service.management_port(), MakeRequest("GET", "/readyz")).status, 200);
  service.Signal(SIGTERM);
  while (Ask(service.management_port(), MakeRequest("GET", "/readyz")).status == 200) {
  }
  EXPECT_EQ(Ask(service.management_port(), MakeRequest("GET", "/readyz")).status, 503);
  EXPECT_EQ(Ask(service.management_port(), MakeRequest("GET", "/livez")).status, 200);
  const HttpAnswer answer = Ask(service.port(), Job(0));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Field("Connection"), "close");
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 1);
}

TEST(Program, AConfigurationWithFiveMistakesIsRefusedWithFiveLinesAndCheckSaysTheSame) {
  const std::string file = testing::TempDir() + "/five-mistakes.yaml";
  std::ofstream(file) << "server:\n"
                         "  threads: lots\n"
                         "  max_body: 64\n"
                         "  colour: blue\n"
                         "queues:\n"
                         "  simulate:\n"
                         "    handler: simulat\n"
                         "    capacity: -1\n";
  const Ended served = RunProgram({"serve", "--config", file});
  const Ended checked = RunProgram({"check", "--config", file});
  std::filesystem::remove(file);
  EXPECT_EQ(served.status, 1);
  EXPECT_EQ(checked.status, 1);
  EXPECT_EQ(served.output, checked.output);
  EXPECT_EQ(std::count(served.output.begin(), served.output.end(), '\n'), 5);
  for (const char* line : {":2: server.threads: ", ":3: server.max_body: ", ":4: server.colour: ",
                           ":7: queues.simulate.handler: ", ":8: queues.simulate.capacity: "}) {
    EXPECT_THAT(served.output, HasSubstr(file + line));
  }
  EXPECT_THAT(served.output, HasSubstr("pdf-to-image, simulate"));
}

TEST(Program, TheSampleConfigurationIsGood) {
  const Ended checked = RunProgram({"check", "--config", HEADRACE_SAMPLE});
  EXPECT_EQ(checked.status, 0) << checked.output;
}

TEST(Program, CheckWarnsAsTheStartDoesOfAFileOfKeysThatOthersMayWrite) {
  const std::string keys = fmt::format("{}/keys-{}", testing::TempDir(), ::getpid());
  std::ofstream(keys) << "reports " << std::string(64, 'a') << "\n";
  std::filesystem::permissions(keys, std::filesystem::perms{0666});
  const std::string file = fmt::format("{}/keys-{}.yaml", testing::TempDir(), ::getpid());
  std::ofstream(file) << "auth: {mode: keys, file: '" << keys << "'}\n"
                      << "queues: {simulate: {handler: simulate, isolation: {mode: thread}}}\n";
  const Ended checked = RunProgram({"check", "--config", file});
  std::filesystem::remove(file);
  std::filesystem::remove(keys);
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr(keys + ": others may write it (mode 0666)"));
}

TEST(Program, ExecutorsThatAreNotThereAreRefusedByTheStartAndByCheck) {
  const std::string file = fmt::format("{}/executors-{}.yaml", testing::TempDir(), ::getpid());
  std::ofstream(file) << "executors: {dir: /nowhere}\nqueues:\n" << kBoth << "\n";
  for (const char* command : {"serve", "check"}) {
    const Ended ended = RunProgram({command, "--config", file});
    EXPECT_EQ(ended.status, 1) << command;
    EXPECT_THAT(ended.output,
                HasSubstr("queue pdf-to-image: /nowhere/headrace-pdf: No such file or directory "
                          "(executors.dir names the folder)"));
  }
  std::filesystem::remove(file);
}

TEST(Program, CheckWarnsOfLanguagesThatAreNotInstalled) {
  const std::string file = fmt::format("{}/languages-{}.yaml", testing::TempDir(), ::getpid());
  std::ofstream(file) << "queues: {scans: {handler: ocr, ocr: {languages: [chi_tra], data_dir: "
                         "/nowhere}}}\n";
  const Ended checked = RunProgram({"check", "--config", file});
  std::filesystem::remove(file);
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_THAT(checked.output,
              HasSubstr("queue scans: /nowhere/chi_tra.traineddata cannot be read; install the "
                        "language (Debian: tesseract-ocr-chi-tra)"));
}

TEST(Program, WithoutAnyFileTheSystemsIsTheOneThatIsMissed) {
  const Ended checked = RunProgram({"check"});
  if (checked.status == 0) GTEST_SKIP() << "this machine has a configuration";
  EXPECT_THAT(checked.output, HasSubstr("/etc/headrace/headrace.yaml: "));
}

TEST(Program, TheHelpOfWhatReadsAConfigurationNamesItsOption) {
  for (const char* command : {"serve", "check", "health"}) {
    const ClientEnd helped = RunClient({command, "--help"});
    EXPECT_EQ(helped.status, 0) << helped.err;
    EXPECT_THAT(helped.out, HasSubstr("-c,--config FILE"));
  }
}

std::string CommandConfig(const std::string& isolation) {
  // Tests run beside each other, each in a process of its own.
  const std::string file = fmt::format("{}/command-{}.yaml", testing::TempDir(), ::getpid());
  std::ofstream(file) << "server: {listen: '127.0.0.1:0'}\nmanagement: {listen: '127.0.0.1:0'}\n"
                         "queues:\n"
                         "  tool:\n"
                         "    handler: command\n"
                         "    command: ['true']\n"
                         "    isolation: {allow_root: true"
                      << isolation << "}\n";
  return file;
}

TEST(Program, CheckSaysOfCommandsWhatItCannotFindOut) {
  const std::string file = CommandConfig("");
  const Ended checked = RunProgram({"check", "--config", file});
  std::filesystem::remove(file);
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("the programs of tool run as one user"));
  EXPECT_THAT(checked.output, HasSubstr("set isolation.namespaces: required"));
}

TEST(Program, CheckWarnsOfNoNeighboursWhereCommandsHaveNamespaces) {
  if (const auto missing = NewNamespaces::Probe()) {
    GTEST_SKIP() << "this system makes no namespaces: " << *missing;
  }
  const std::string file = CommandConfig(", namespaces: required");
  const Ended checked = RunProgram({"check", "--config", file});
  std::filesystem::remove(file);
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_THAT(checked.output, Not(HasSubstr("run as one user")));
}

TEST(Program, RefusesToStartWhereNamespacesAreRequiredAndCannotBeMade) {
  const std::string file = CommandConfig(", namespaces: required");
  for (const char* missing : {"namespaces", "mounts"}) {
    for (const char* command : {"serve", "check"}) {
      const Ended ended =
          RunProgram({command, "--config", file}, {HEADRACE_WITHOUT_LAYER, missing});
      EXPECT_EQ(ended.status, 1) << ended.output;
      EXPECT_THAT(ended.output, HasSubstr("queues.tool.isolation.namespaces: required, but"));
      EXPECT_THAT(ended.output, HasSubstr("user.max_user_namespaces"));
    }
  }
  std::filesystem::remove(file);
}

TEST(Program, AnAddressThatIsTakenIsRefused) {
  ServiceProcess service(kFive);
  ServiceProcess other(kFive,
                       "server: {listen: '127.0.0.1:" + std::to_string(service.port()) + "'}\n");
  EXPECT_EQ(other.port(), 0);
  EXPECT_THAT(other.Log(), HasSubstr("cannot start: cannot listen on 127.0.0.1:" +
                                     std::to_string(service.port()) + ": Address already in use"));
  EXPECT_THAT(other.Log(), Not(HasSubstr("in use: Address"))) << "it is told once";
  EXPECT_EQ(other.Wait().status, 1);
}

TEST(Program, AFolderForJobsThatCannotBeIsToldInWordsForItsOperator) {
  ServiceProcess service(kFive, "engine: {kind: sqlite, path: /proc/nowhere}\n");
  EXPECT_EQ(service.port(), 0);
  EXPECT_THAT(service.Log(), HasSubstr("cannot start: mkdir /proc/nowhere: "));
  EXPECT_THAT(service.Log(), Not(HasSubstr("try again later")));
  EXPECT_EQ(service.Wait().status, 1);
}

TEST(Program, HealthAsksTheManagementListener) {
  ServiceProcess service(kFive);
  const std::string file = testing::TempDir() + "/health.yaml";
  std::ofstream(file) << "management: {listen: '127.0.0.1:" << service.management_port()
                      << "'}\nqueues:\n"
                      << kFive << "\n";
  EXPECT_EQ(RunProgram({"health", "--config", file}).status, 0);
  EXPECT_EQ(RunProgram({"health", "--path", "/nothing", "--config", file}).status, 1);
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
  EXPECT_EQ(RunProgram({"health", "--config", file}).status, 1);
  std::filesystem::remove(file);
}

// Its next configuration may be wrong while it runs with the last one.
TEST(Program, HealthAsksTheServiceAlsoWhereItsFileHasMistakesNow) {
  ServiceProcess service(kFive);
  const std::string file = testing::TempDir() + "/health-broken.yaml";
  std::ofstream(file) << "management: {listen: '127.0.0.1:" << service.management_port()
                      << "'}\nqueues: {five: {handler: none}}\nserver: {slots: many}\n";
  EXPECT_EQ(RunProgram({"check", "--config", file}).status, 1);
  EXPECT_EQ(RunProgram({"health", "--config", file}).status, 0);
  std::filesystem::remove(file);
}

TEST(Program, EverySeriesExistsAtZeroBeforeTheFirstJob) {
  ServiceProcess service(kBoth);
  Samples samples = service.Scrape();
  std::vector<std::string> wanted{"headrace_slots{state=\"busy\"}", "headrace_log_dropped_total"};
  for (const std::string queue : {"simulate", "pdf-to-image"}) {
    const std::string label = "{queue=\"" + queue + "\"";
    for (const char* name :
         {"queue_length", "queue_bytes", "queue_oldest_age_seconds", "jobs_running",
          "job_cpu_seconds_total", "jobs_accepted_total", "jobs_recovered_total",
          "job_mean_duration_seconds", "job_wait_seconds_count"}) {
      wanted.push_back("headrace_" + std::string(name) + label + "}");
    }
    for (const char* reason : {"full", "memory", "results", "quota", "deadline", "draining"}) {
      wanted.push_back("headrace_jobs_rejected_total" + label + ",reason=\"" + reason + "\"}");
    }
    for (const char* outcome : {"succeeded", "failed", "cancelled", "expired"}) {
      wanted.push_back("headrace_jobs_finished_total" + label + ",outcome=\"" + outcome + "\"}");
    }
    for (const char* reason : {"crash", "memory", "cpu", "deadline", "cancelled"}) {
      wanted.push_back("headrace_executor_deaths_total" + label + ",reason=\"" + reason + "\"}");
    }
  }
  for (const std::string& name : wanted) {
    ASSERT_EQ(samples.count(name), 1U) << name;
    EXPECT_EQ(samples[name], 0) << name;
  }
}

TEST(Program, PromtoolIsContentWithTheMetrics) {
  ServiceProcess service(kBoth);
  EXPECT_EQ(Ask(service.port(), Job(0)).status, 200);
  const std::string file = testing::TempDir() + "/headrace-metrics.txt";
  std::ofstream(file) << service.MetricsText();
  EXPECT_EQ(std::system(("promtool check metrics < " + file).c_str()), 0);
  std::filesystem::remove(file);
}

TEST(Program, NothingIsLeftAfterTheStop) {
  ServiceProcess service(kBoth);
  const auto warm = service.Log().find(": zygote ");
  ASSERT_NE(warm, std::string::npos) << service.Log();
  const pid_t zygote = std::atoi(service.Log().c_str() + warm + 9);
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
  EXPECT_TRUE(AwaitGone(zygote));
}

}  // namespace
}  // namespace headrace::testing_support
