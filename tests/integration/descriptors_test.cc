// The real program and its descriptors: it raises its limit, says when its own limit of connections
// is reached, and gets over a time without any.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/descriptor_limit.h"
#include "support/folder.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 1s
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSimulate =
    "  simulate: {handler: simulate, workers: 1, capacity: 10, isolation: {mode: thread}}";
constexpr const char* kConnections = "headrace_http_connections";
constexpr const char* kJobs = "/v1/queues/simulate/jobs?ms=0";

Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

std::size_t Count(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// Ends it, in good order.
std::string WholeLog(ServiceProcess& service) {
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait().status, 0);
  while (!service.NextInLog("stopped: every ").empty()) {
  }
  return service.Log();
}

int StatusOf(HttpClient& client, const std::string& request) {
  client.Send(request);
  const auto answer = client.Read(Soon());
  return answer ? answer->status : 0;
}

TEST(Descriptors, TheServiceRaisesItsLimitToTheHardOne) {
  constexpr rlim_t kSoft = 128;
  ASSERT_GT(DescriptorLimitOf(0).rlim_max, kSoft);
  const DescriptorLimit inherited(0, kSoft);
  const ServiceProcess service(kSimulate);
  ASSERT_NE(service.port(), 0);
  const rlimit raised = DescriptorLimitOf(service.pid());
  EXPECT_EQ(raised.rlim_cur, raised.rlim_max);
  EXPECT_EQ(raised.rlim_max, DescriptorLimitOf(0).rlim_max);
}

TEST(Descriptors, OnlyALimitThatWasAskedForIsWarnedOf) {
  const std::vector<std::string> few = {"/bin/sh", "-c", "ulimit -n 1000; exec \"$@\"", "sh"};
  const Folder folder;
  const std::string engine = "engine: {kind: sqlite, path: '" + folder.path().string() + "/jobs'";
  ServiceProcess by_default(kSimulate, engine + "}\n", few);
  EXPECT_TRUE(by_default.AwaitLog(" info server.max_connections is 500 instead of 16384"));
  EXPECT_TRUE(by_default.AwaitLog(" info engine.max_open_results is 250 instead of "));
  EXPECT_THAT(by_default.Log(), Not(HasSubstr(" warning server.max_connections")));
  EXPECT_THAT(by_default.Log(), Not(HasSubstr(" warning engine.max_open_results")));
  by_default.Signal(SIGTERM);
  EXPECT_EQ(by_default.Wait().status, 0);
  ServiceProcess wished(kSimulate,
                        engine + ", max_open_results: 700}\n" +
                            "server: {listen: '127.0.0.1:0', max_connections: 600}\n",
                        few);
  EXPECT_TRUE(wished.AwaitLog(" warning server.max_connections is 500 instead of 600"));
  EXPECT_TRUE(wished.AwaitLog(" warning engine.max_open_results is 250 instead of 700"));
}

TEST(Descriptors, ConnectionsBeyondTheLimitAreClosedWithAWarningASecond) {
  ServiceProcess service(kSimulate, "server: {listen: '127.0.0.1:0', max_connections: 2}\n");
  ASSERT_NE(service.port(), 0) << service.Log();
  std::vector<HttpClient> open;
  for (int i = 0; i < 2; ++i) {
    open.emplace_back(service.port());
    ASSERT_EQ(StatusOf(open.back(), MakeRequest("POST", kJobs)), 200);
  }
  const SteadyTime start = SteadyClock::now();
  for (int i = 0; i < 20; ++i) {
    HttpClient refused(service.port());
    EXPECT_EQ(StatusOf(refused, MakeRequest("POST", kJobs)), 0);
  }
  const auto seconds = static_cast<std::size_t>((SteadyClock::now() - start) / 1s);
  for (HttpClient& client : open) {
    EXPECT_EQ(StatusOf(client, MakeRequest("POST", kJobs)), 200);
  }
  open.pop_back();
  ASSERT_TRUE(service.Await(kConnections, 1));
  HttpClient next(service.port());
  EXPECT_EQ(StatusOf(next, MakeRequest("POST", kJobs)), 200);
  const std::string log = WholeLog(service);
  EXPECT_THAT(log, HasSubstr("server.max_connections (2)"));
  EXPECT_LE(Count(log, "server.max_connections (2)"), seconds + 1);
}

#ifndef HEADRACE_SANITIZED  // UBSan looks at objects through a pipe, and finds faults where it gets
                            // none
// The number that its next descriptor would get: as its limit, it leaves none.
rlim_t NextDescriptor(pid_t pid) {
  rlim_t next = 0;
  while (
      std::filesystem::is_symlink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(next))) {
    ++next;
  }
  return next;
}

// More than 64 KiB: an upload that needs a memfd.
TEST(Descriptors, WithoutAnyTheServiceServesOnRefusesSaysSoOnceASecondAndRecovers) {
  const std::string large = MakeRequest("POST", kJobs, std::string(200'000, 'x'));
  const std::string small = MakeRequest("POST", kJobs, "x");
  ServiceProcess service(kSimulate);
  ASSERT_NE(service.port(), 0) << service.Log();
  HttpClient live(service.port());
  HttpClient uploading(service.port());
  for (HttpClient* client : {&live, &uploading}) ASSERT_EQ(StatusOf(*client, small), 200);
  std::size_t seconds = 0;
  {
    const DescriptorLimit none(service.pid(), NextDescriptor(service.pid()));
    const SteadyTime start = SteadyClock::now();
    for (int i = 0; i < 20; ++i) {
      HttpClient refused(service.port());
      EXPECT_EQ(StatusOf(refused, small), 0);
      ASSERT_EQ(StatusOf(live, small), 200) << service.Log();
    }
    seconds = static_cast<std::size_t>((SteadyClock::now() - start) / 1s);
    uploading.Send(large);
    const auto refused = uploading.Read(Soon());
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_THAT(refused->body, HasSubstr("out-of-resources"));
    EXPECT_NE(refused->Field("Retry-After"), "");
    EXPECT_EQ(StatusOf(live, small), 200);
  }
  EXPECT_EQ(service.Post(kJobs, std::string(200'000, 'x')).status, 200);
  EXPECT_EQ(StatusOf(live, large), 200);
  const std::string log = WholeLog(service);
  EXPECT_THAT(log, HasSubstr("a connection cannot be accepted"));
  EXPECT_LE(Count(log, "a connection cannot be accepted"), seconds + 1);
}
#endif

}  // namespace
}  // namespace headrace::testing_support
