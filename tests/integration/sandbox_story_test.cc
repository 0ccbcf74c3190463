// The executors' sandbox as an operator sees it: what is missing, what is refused, what is told,
// and that nothing outlives the service.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/folder.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kQueue = "  pdf-to-image: {handler: pdf-to-image, workers: 2}";
constexpr const char* kJobs = "/v1/queues/pdf-to-image/jobs";
constexpr const char* kThread =
    "  simulate: {handler: simulate, workers: 1, isolation: {mode: thread}}";

std::string Sample() {
  std::ifstream file(HEADRACE_TEST_DATA "/sample.pdf", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int Draw(const ServiceProcess& service) {
  return service.Post(std::string(kJobs) + "?pages=1&dpi=50", Sample()).status;
}

std::vector<std::string> Without(const std::string& layer) {
  return {HEADRACE_WITHOUT_LAYER, layer};
}

std::string LayerSample(const std::string& layer) {
  return "headrace_sandbox_layer{layer=\"" + layer + "\"}";
}

// The processes that descend from `parent`.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream file(task.path() / "children");
    for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  }
  return children;
}

class MissingLayer : public testing::TestWithParam<const char*> {};

TEST_P(MissingLayer, StopsTheStartWithOneSentenceWhereTheSandboxIsRequired) {
  const Folder folder;
  const std::string file = folder.path() / "headrace.yaml";
  std::ofstream(file) << "server: {listen: '127.0.0.1:0'}\nmanagement: {listen: '127.0.0.1:0'}\n"
                      << "sandbox: required\nqueues:\n"
                      << kThread << "\n";
  const Ended served = RunProgram({"serve", "--config", file}, Without(GetParam()));
  EXPECT_EQ(served.status, 1);
  EXPECT_THAT(served.output, ContainsRegex("sandbox: required, but this system lacks [a-z_, ]*" +
                                           std::string(GetParam())));
  const Ended checked = RunProgram({"check", "--config", file}, Without(GetParam()));
  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.output, HasSubstr("sandbox: required, but this system lacks "));
}

INSTANTIATE_TEST_SUITE_P(All, MissingLayer, testing::Values("no_new_privs", "landlock", "seccomp"));
#ifndef HEADRACE_SANITIZED  // whose run-time does not start without
INSTANTIATE_TEST_SUITE_P(Rlimits, MissingLayer, testing::Values("rlimits"));
#endif

class OptionalLayer : public testing::TestWithParam<const char*> {};

TEST_P(OptionalLayer, IsToldOnceAndDoneWithoutByDefault) {
  ServiceProcess service(kQueue, "", Without(GetParam()));
  ASSERT_NE(service.port(), 0) << service.Log();
  EXPECT_EQ(Draw(service), 200);
  Samples samples = service.Scrape();
  ASSERT_EQ(samples.count(LayerSample(GetParam())), 1U);
  EXPECT_EQ(samples[LayerSample(GetParam())], 0);
  EXPECT_EQ(samples[LayerSample("no_new_privs")], 1);
  EXPECT_EQ(samples[LayerSample("rlimits")], 1);
  const std::string sentence = "sandbox: this system lacks ";
  ASSERT_TRUE(service.AwaitLog(sentence));
  const std::string log = service.Log();
  EXPECT_EQ(log.find(sentence, log.find(sentence) + 1), std::string::npos) << log;
}

INSTANTIATE_TEST_SUITE_P(Both, OptionalLayer, testing::Values("landlock", "seccomp"));

#ifndef HEADRACE_SANITIZED  // whose builds have no filter
TEST(SandboxStory, WithAllLayersPdfsAreDrawnWhereTheSandboxIsRequired) {
  ServiceProcess service(kQueue, "sandbox: required\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  EXPECT_EQ(Draw(service), 200);
  Samples samples = service.Scrape();
  for (const char* layer : {"no_new_privs", "rlimits", "landlock", "seccomp"}) {
    EXPECT_EQ(samples[LayerSample(layer)], 1) << layer;
  }
  EXPECT_EQ(samples["headrace_executor_deaths_total{queue=\"pdf-to-image\",reason=\"sandbox\"}"],
            0);
}
#endif

TEST(SandboxStory, AnAnswerTellsWhatTheJobUsed) {
  ServiceProcess service(kQueue);
  const HttpAnswer answer = service.Post(std::string(kJobs) + "?pages=1&dpi=50", Sample());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.Field("Server-Timing"),
              ContainsRegex("cpu;dur=[0-9]+\\.[0-9]+, mem;desc=\"[0-9]+\""));
}

TEST(SandboxStory, AQueueTellsHowItsProcessesAreAndComesBackAfterItsZygoteIsKilled) {
  ServiceProcess service(std::string(kQueue) + "\n" + kThread);
  const std::string address = "/v1/queues/pdf-to-image";
  EXPECT_THAT(service.Get(address).body,
              HasSubstr("\"executors\":{\"ready\":true,\"healthy\":true,\"last_trouble\":null,"));
  EXPECT_THAT(service.Get("/v1/queues/simulate").body, Not(HasSubstr("executors")));
  const auto warm = service.Log().find(": zygote ");
  ASSERT_NE(warm, std::string::npos);
  ::kill(std::atoi(service.Log().c_str() + warm + 9), SIGKILL);
  EXPECT_EQ(Draw(service), 200);
  EXPECT_THAT(service.Get(address).body, HasSubstr("\"last_trouble\":\"zygote-ended\""));
}

TEST(SandboxStory, AServiceWhoseExecutorsCannotStartIsUnreadyAndSaysWhy) {
  const Folder folder;
  std::filesystem::create_symlink("/bin/false", folder.path() / "headrace-pdf");
  ServiceProcess service(kQueue, "executors: {dir: '" + folder.path().string() + "'}\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  const HttpAnswer ready = Ask(service.management_port(), MakeRequest("GET", "/readyz"));
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("it ended before it was warm"));
  const std::string queue = service.Get("/v1/queues/pdf-to-image").body;
  EXPECT_THAT(queue, HasSubstr("\"ready\":false,\"healthy\":false,"
                               "\"last_trouble\":\"handler-broken\""));
  EXPECT_THAT(queue, Not(HasSubstr(folder.path().string()))) << "paths are for the operator";
}

TEST(SandboxStory, NoProcessSurvivesAServiceThatIsKilledUnderLoad) {
  ServiceProcess service(kQueue);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(service.port());
    clients.back().Send(MakeRequest("POST", std::string(kJobs) + "?dpi=600", Sample()));
  }
  ASSERT_TRUE(service.Await("headrace_jobs_running{queue=\"pdf-to-image\"}", 2));
  const std::vector<pid_t> children = ChildrenOf(service.pid());
  EXPECT_GE(children.size(), 3U) << "a zygote and two executors at least";
  service.Signal(SIGKILL);
  const SteadyTime killed = SteadyClock::now();
  for (const pid_t child : children) EXPECT_TRUE(AwaitGone(child));
  EXPECT_LT(SteadyClock::now() - killed, std::chrono::seconds(1));
  EXPECT_EQ(service.Wait().signal, SIGKILL);
}

}  // namespace
}  // namespace headrace::testing_support
