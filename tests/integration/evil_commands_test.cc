// Commands that do what no command should, in the real service: each is contained as its queue
// says, and afterwards no process and no file is left and the next job runs.
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "handler/sandbox/namespaces.h"
#include "support/plain_user.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using testing::HasSubstr;

std::string Jobs(const std::string& queue) { return "/v1/queues/" + queue + "/jobs"; }

// Polls until it is so; false after 30 s.
bool Await(const std::function<bool()>& so) {
  const Deadline deadline = Deadline::After(std::chrono::seconds(30));
  while (!so()) {
    if (deadline.Passed()) return false;
    std::this_thread::yield();
  }
  return true;
}

// The processes of the evil program.
std::vector<pid_t> Evils() {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::ifstream file(entry.path() / "cmdline");
    std::string program;
    std::getline(file, program, '\0');
    struct stat status {};
    if (program != HEADRACE_EVIL_COMMAND || stat(entry.path().c_str(), &status) != 0) continue;
    if (status.st_uid == geteuid()) found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

pid_t ParentOf(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::stoi(line.substr(line.find('\t')));
  }
  return 0;
}

// Whether the commands are in namespaces of their own.
enum class Namespaces { kNone, kRequired };

class EvilCommandsBase : public testing::Test {
 protected:
  explicit EvilCommandsBase(Namespaces namespaces)
      : bound_(BecomePlainUser(HEADRACE_EVIL_COMMAND)), namespaces_(namespaces) {
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-evil-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void SetUp() override {
    const auto missing = NewNamespaces::Probe();
    if (namespaces_ == Namespaces::kRequired && missing) {
      GTEST_SKIP() << "this system makes no namespaces: " << *missing;
    }
    Start();
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    std::string queues = Queue("good", "cat", "60s");
    for (const char* evil : {"fork-bomb", "comet", "daemon", "ignore-term", "headless-threads",
                             "close-and-hang", "hog", "fill", "fill-unlinked", "many-files"}) {
      queues += Queue(evil, std::string(HEADRACE_EVIL_COMMAND) + ", " + evil, "2s");
    }
    queues += Queue("forever", HEADRACE_EVIL_COMMAND ", ignore-term", "60s");
    queues += Queue("flood", HEADRACE_EVIL_COMMAND ", flood, '1'", "60s");
    queues += Queue("stderr", HEADRACE_EVIL_COMMAND ", flood, '2'", "2s");
    service_ = std::make_unique<ServiceProcess>(queues, "memory: {max_result: 8MiB, spool_dir: '" +
                                                            folder_.string() +
                                                            "'}\nshutdown: {drain: 0s}\n");
  }
  [[nodiscard]] std::string Queue(const std::string& name, const std::string& command,
                                  const std::string& deadline) const {
    return "  " + name + ": {handler: command, command: [" + command +
           "], workers: 1, deadline: " + deadline +
           ", grace: 100ms, isolation: {scratch: 16MiB, processes: 40, memory: 256MiB" +
           (namespaces_ == Namespaces::kRequired ? ", namespaces: required" : "") +
           (bound_ ? "" : ", allow_root: true") + "}}\n";
  }

  // The job of `queue`, then a good one, then there is nothing left of either.
  HttpAnswer Run(const std::string& queue) {
    HttpAnswer answer = service_->Post(Jobs(queue), "water");
    const HttpAnswer good = service_->Post(Jobs("good"), "water");
    EXPECT_EQ(good.status, 200) << good.body;
    EXPECT_EQ(good.body, "water");
    ExpectNothingLeft();
    return answer;
  }
  // A job that ends by nothing but force; returns when it is at work.
  void StartForever() {
    client_ = std::make_unique<HttpClient>(service_->port());
    EXPECT_TRUE(client_->Send(MakeRequest("POST", Jobs("forever"), "water")));
    service_->NextInLog("text=ready");
    EXPECT_FALSE(Evils().empty());
  }
  void ExpectNothingLeft() {
    EXPECT_TRUE(Await([] { return Evils().empty(); }));
    EXPECT_TRUE(Await([this] { return Folders() == 0; }));
  }
  [[nodiscard]] long Folders() const {
    const std::filesystem::directory_iterator all(folder_);
    return std::count_if(begin(all), end(all), [](const auto& entry) {
      return entry.path().filename().string().starts_with("headrace-job-");
    });
  }

  // The keeper of an evil program, which is below the service.
  [[nodiscard]] pid_t KeeperOf(pid_t process) const {
    pid_t parent = ParentOf(process);
    while (parent > 1 && parent != service_->pid())
      process = std::exchange(parent, ParentOf(parent));
    return parent == service_->pid() ? process : 0;
  }

  const bool bound_;
  const Namespaces namespaces_;
  std::filesystem::path folder_;
  std::unique_ptr<ServiceProcess> service_;
  std::unique_ptr<HttpClient> client_;
};

class EvilCommands : public EvilCommandsBase, public testing::WithParamInterface<Namespaces> {
 protected:
  EvilCommands() : EvilCommandsBase(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Namespaces, EvilCommands,
                         testing::Values(Namespaces::kNone, Namespaces::kRequired));

class AtTheDeadline : public EvilCommandsBase,
                      public testing::WithParamInterface<std::tuple<const char*, Namespaces>> {
 protected:
  AtTheDeadline() : EvilCommandsBase(std::get<1>(GetParam())) {}
  static std::string Evil() { return std::get<0>(GetParam()); }
};

TEST_P(AtTheDeadline, IsEndedWithAllThatItStarted) {
  if (!bound_ && Evil() == "fork-bomb") {
    GTEST_SKIP() << "root may start any number of processes";
  }
  ASSERT_NE(service_->port(), 0) << service_->Log();
  const HttpAnswer answer = Run(Evil());
  EXPECT_EQ(answer.status, 504) << answer.body;
}

INSTANTIATE_TEST_SUITE_P(
    Evils, AtTheDeadline,
    testing::Combine(testing::Values("fork-bomb", "ignore-term", "headless-threads",
                                     "close-and-hang", "stderr"),
                     testing::Values(Namespaces::kNone, Namespaces::kRequired)));

TEST_P(EvilCommands, ThatLeaveProcessesBehindLeaveNone) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  EXPECT_EQ(Run("daemon").status, 200);
  if (!bound_) GTEST_SKIP() << "root may start any number of processes";
  EXPECT_EQ(Run("comet").status, 200);
}

TEST_P(EvilCommands, ThatTakeTooMuchAreRefusedIt) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  for (const char* queue : {"fill", "fill-unlinked"}) {
    const HttpAnswer answer = Run(queue);
    EXPECT_EQ(answer.status, 502) << queue;
    EXPECT_THAT(answer.body, HasSubstr("scratch-full")) << queue;
  }
  const HttpAnswer flood = Run("flood");
  EXPECT_EQ(flood.status, 502);
  EXPECT_THAT(flood.body, HasSubstr("result-too-large"));
#ifndef HEADRACE_SANITIZED  // where memory is not limited
  const HttpAnswer hog = Run("hog");
  EXPECT_EQ(hog.status, 500);
  EXPECT_THAT(hog.body, HasSubstr("command-failed"));
#endif
}

TEST_P(EvilCommands, DieWithTheService) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  StartForever();
  service_->Signal(SIGKILL);
  ExpectNothingLeft();
}

TEST_P(EvilCommands, EndWhenTheServiceStops) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  StartForever();
  service_->Signal(SIGTERM);
  service_->Wait();
  ExpectNothingLeft();
}

TEST_P(EvilCommands, EndWhenTheClientLeaves) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  StartForever();
  client_->Close();
  ExpectNothingLeft();
}

// An old kernel leaves it to the filter alone, which knows the threads by their numbers.
TEST_P(EvilCommands, CannotSignalAThreadOfTheServiceWithoutLandlockEither) {
  const std::string shoot =
      "service=$(cut -d' ' -f4 /proc/$PPID/stat); for task in /proc/$service/task/*; do "
      "kill -KILL ${task##*/} 2>/dev/null && echo hit; echo shot; done";
  ServiceProcess service(Queue("shoot", "/bin/sh, -c, \"" + shoot + "\"", "60s"), {},
                         {HEADRACE_WITHOUT_LAYER, "landlock"});
  ASSERT_NE(service.port(), 0) << service.Log();
  const HttpAnswer answer = service.Post(Jobs("shoot"), "water");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("shot"));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("hit")));
}

TEST_P(EvilCommands, WhoseFoldersAKilledKeeperLeftAreSweptByTheNextService) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  std::filesystem::create_directories(folder_ / "headrace-job-abcdef" / "tmp");
  std::ofstream(folder_ / "headrace-job-abcdef" / "tmp" / "file") << "text";
  service_.reset();
  Start();
  ASSERT_NE(service_->port(), 0) << service_->Log();
  EXPECT_EQ(service_->Post(Jobs("good"), "water").status, 200);
  ExpectNothingLeft();
}

class NamespacedEvilCommands : public EvilCommandsBase {
 protected:
  NamespacedEvilCommands() : EvilCommandsBase(Namespaces::kRequired) {}
};

// Without namespaces what is below the program outlives a keeper that is killed.
TEST_F(NamespacedEvilCommands, DieWithTheirKeeper) {
  ASSERT_NE(service_->port(), 0) << service_->Log();
  StartForever();
  ASSERT_GE(Evils().size(), 4U);
  const pid_t keeper = KeeperOf(Evils().back());
  ASSERT_GT(keeper, 0);
  kill(keeper, SIGKILL);
  EXPECT_TRUE(Await([] { return Evils().empty(); }));
  const auto answer = client_->Read(Deadline::After(std::chrono::seconds(30)));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 502) << answer->body;
}

}  // namespace
}  // namespace headrace::testing_support
