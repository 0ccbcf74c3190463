#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/payload.h"
#include "base/text_file.h"
#include "handler/pool/executor_pool.h"

namespace headrace {

inline Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

inline std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

inline bool HasChildren() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Process ids of all our children, by their process group.
inline std::vector<pid_t> ChildrenInGroup(pid_t group) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto text = ReadTextFile(entry.path() / "stat", 4096);
    if (!text) continue;  // it has ended meanwhile
    std::istringstream rest(text->substr(text->rfind(')') + 1));
    std::string state;
    pid_t parent = 0;
    pid_t its_group = 0;
    rest >> state >> parent >> its_group;
    if (parent == getpid() && its_group == group) {
      children.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return children;
}

// All our children, whichever thread spawned them.
inline std::vector<pid_t> Children() {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(entry.path() / "children");
    for (pid_t pid = 0; children >> pid;) pids.push_back(pid);
  }
  return pids;
}

// How many of them are in groups of their own: executors that were lent to a job.
inline std::size_t ChildrenOutOfGroup(pid_t group) {
  const std::vector<pid_t> all = Children();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](pid_t pid) { return getpgid(pid) != group; }));
}

inline UniqueFd OpenPidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

// Waits until the process has ended (it may still be a zombie).
inline bool Ends(const UniqueFd& pidfd) {
  if (!pidfd) return true;
  pollfd ended{pidfd.get(), POLLIN, 0};
  return poll(&ended, 1, 30'000) == 1;
}

inline std::string TextOf(const ResultPart& part) {
  const auto bytes = part.bytes.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A pool over the test executor. The test's thread is the main thread of the service. At the end
// nothing of it may be left: no child, no descriptor.
class PoolTest : public ::testing::Test {
 protected:
  explicit PoolTest(const char* binary = HEADRACE_TEST_EXECUTOR) { options_.binary = binary; }

  void SetUp() override {
    descriptors_ = OpenDescriptors();
    spawn_queue_ = std::make_unique<SpawnQueue>();
    options_.queue = "test";
    options_.workers = 1;
  }

  void TearDown() override {
    outcome_ = {};
    pool_.reset();
    spawn_queue_.reset();
    std::filesystem::remove_all(folder_);
    EXPECT_EQ(OpenDescriptors(), descriptors_);
    EXPECT_FALSE(HasChildren());
  }

  ExecutorPool& Pool() {
    if (!pool_) {
      pool_ = std::make_unique<ExecutorPool>(options_, *spawn_queue_);
      EXPECT_TRUE(spawn_queue_->RunUntilSettled(Soon()));
    }
    return *pool_;
  }

  // The executor binary under another name, which makes it behave differently. With
  // "trusted-executor" it is limited, but not confined.
  void UseBinary(const std::string& name, const char* binary = HEADRACE_TEST_EXECUTOR) {
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options_.binary = folder_ / name;
    SetBinary(binary);
  }
  // What the name stands for from now on; empty: nothing.
  void SetBinary(const std::string& binary) {
    std::filesystem::remove(options_.binary);
    if (!binary.empty()) std::filesystem::create_symlink(binary, options_.binary);
  }

  static QueuedJob Job(Params params, std::string payload = "") {
    QueuedJob job;
    job.id = "job-1";
    job.queue_name = "test";
    job.params = std::move(params);
    job.payload = Payload::FromString(std::move(payload));
    job.deadline = Soon();
    return job;
  }

  // Runs a job on a thread of its own, while this one does the spawning.
  const Outcome& RunJob(const QueuedJob& job) {
    ExecutorPool& pool = Pool();
    auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
    Spawn([&] { return running.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    outcome_ = running.get();
    return outcome_;
  }
  const Outcome& Run(Params params, std::string payload = "") {
    return RunJob(Job(std::move(params), std::move(payload)));
  }

  // Does the main thread's part until `done`.
  void Spawn(const std::function<bool()>& done) {
    while (!done()) {
      pollfd ready{spawn_queue_->PollFd(), POLLIN, 0};
      poll(&ready, 1, 1);
      spawn_queue_->RunPending();
    }
  }

  void ExpectNextJobWorks() {
    const Outcome& next = Run({{"do", "echo"}}, "the next job");
    ASSERT_EQ(next.state, JobState::kSucceeded) << next.error.value_or(Error{}).detail;
    ASSERT_EQ(next.parts.size(), 1U);
    EXPECT_EQ(TextOf(next.parts.front()), "the next job");
  }

  void ExpectFailure(const Outcome& outcome, ErrorCode code, const std::string& type,
                     const std::string& detail) {
    EXPECT_EQ(outcome.state, JobState::kFailed);
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->code, code);
    EXPECT_EQ(outcome.error->type, type);
    EXPECT_THAT(outcome.error->detail, ::testing::HasSubstr(detail));
    EXPECT_FALSE(outcome.error->hint.empty());
    EXPECT_TRUE(outcome.parts.empty());
  }

  std::uint64_t Deaths(ExecutorDeath reason) {
    return Pool().Figures().deaths.at(static_cast<std::size_t>(reason));
  }

  ExecutorPoolOptions options_;
  std::unique_ptr<SpawnQueue> spawn_queue_;
  std::unique_ptr<ExecutorPool> pool_;
  Outcome outcome_;

 private:
  std::size_t descriptors_ = 0;
  std::filesystem::path folder_;
};

}  // namespace headrace
