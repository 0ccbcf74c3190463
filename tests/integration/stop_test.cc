// The stop where something does not end by itself: jobs that look at nothing, a start that lasts.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/folder.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kDeaf = "  deaf: {handler: deaf, workers: 1, isolation: {mode: thread}}";
constexpr const char* kStop = "shutdown: {drain: 0s}\n";

// Runs that program in place of the usual one.
const std::vector<std::string> kDeafService{"/bin/sh", "-c", R"(shift; exec "$0" "$@")",
                                            HEADRACE_DEAF_SERVICE};

// Sooner than the deaf handler's job, which takes a minute.
Deadline Soon() { return Deadline::After(seconds(20)); }

// A job that nothing ends runs, and the stop waits for it.
void StopWhileAJobRuns(ServiceProcess& service) {
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", "/v1/queues/deaf/jobs?ms=60000"));
  EXPECT_TRUE(service.Await("headrace_jobs_running{queue=\"deaf\"}", 1));
  service.Signal(SIGTERM);
  EXPECT_TRUE(service.AwaitLog("waiting for jobs that do not look whether they are cancelled"));
}

TEST(Stop, ASecondSigtermEndsItAtOnceAlsoWhileItWaitsForADeafJob) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServiceProcess service(kDeaf, kStop, kDeafService);
    ASSERT_NE(service.port(), 0) << service.Log();
    StopWhileAJobRuns(service);
    service.Signal(signal);
    EXPECT_EQ(service.Wait(Soon()).status, 1);
    EXPECT_THAT(service.Log(), HasSubstr("second signal: ending at once, 1 jobs were cut"));
  }
}

TEST(Stop, TellsOfTheSecondSignalInTheLogsFormat) {
  ServiceProcess service(kDeaf, std::string(kStop) + "log: {format: json}\n", kDeafService);
  ASSERT_NE(service.port(), 0) << service.Log();
  StopWhileAJobRuns(service);
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait(Soon()).status, 1);
  EXPECT_THAT(service.Log(), HasSubstr("second signal: ending at once, 1 jobs were cut"));
  std::istringstream log(service.Log());
  for (std::string line; std::getline(log, line);) EXPECT_TRUE(ParseJson(line)) << line;
}

// A listener that is not open yet need not be opened to be closed.
TEST(Stop, ASigtermDuringTheStartEndsItWithoutAListener) {
  const Folder folder;
  const auto executor = folder.path() / "headrace-pdf";
  std::ofstream(executor) << "#!/bin/sh\nkill -TERM $PPID\nexec sleep 60\n";
  ASSERT_EQ(::chmod(executor.c_str(), 0700), 0);
  const auto file = folder.path() / "headrace.yaml";
  std::ofstream(file) << "server: {listen: '127.0.0.1:0'}\nmanagement: {listen: '127.0.0.1:0'}\n"
                      << "executors: {dir: " << folder.path().string() << "}\n"
                      << "shutdown: {delay: 10s}\nqueues:\n"
                      << "  pdf-to-image: {handler: pdf-to-image, workers: 1}\n";
  const SteadyTime start = SteadyClock::now();
  const Ended ended = RunProgram({"serve", "--config", file.string()});
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_LT(SteadyClock::now() - start, seconds(20)) << "the zygote would be waited for for 30 s";
  EXPECT_THAT(ended.output, HasSubstr("info stopping"));
  EXPECT_THAT(ended.output, HasSubstr("stopped: every job was answered"));
  EXPECT_THAT(ended.output, Not(HasSubstr("listening on")));
}

}  // namespace
}  // namespace headrace::testing_support
