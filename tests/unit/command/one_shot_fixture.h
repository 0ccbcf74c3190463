#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/memfd.h"
#include "command/fake_context.h"
#include "command/keeper_process.h"
#include "command/with_namespaces.h"
#include "handler/command/one_shot.h"
#include "handler/command/process_tree.h"
#include "handler/frames/frame_socket.h"

namespace headrace::testing_support {

// Runs commands as a keeper does, in a folder of the test's own, and checks after each that no
// process and no file is left.
class OneShotTest : public ::testing::Test {
 public:
  OneShotTest() : bound_(BecomeKeeper()) {
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-command-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options.scratch_dir = folder_ / "scratch";
    std::filesystem::create_directory(options.scratch_dir);
    options.memory = std::uint64_t{1} << 30U;
    options.max_result = std::uint64_t{64} << 20U;
    options.cpu = std::chrono::seconds(30);
    options.grace = std::chrono::milliseconds(200);
    options.sandbox_required = true;
    options.namespaces = WithNamespaces();
    job.id = "job-1";
    job.queue = "test";
    sockets_ = MakeSocketPair();
    payload_.reset(memfd_create("payload", MFD_CLOEXEC));
  }
  void SetUp() override {
    if (options.namespaces) SkipWithoutNamespaces();
  }
  ~OneShotTest() override { std::filesystem::remove_all(folder_); }

  // A shell script; `more` are its $1, $2 ...
  void Script(const std::string& script, const std::vector<std::string>& more = {}) {
    options.command = {"/bin/sh", "-c", script, "sh"};
    options.command.insert(options.command.end(), more.begin(), more.end());
  }
  void Evil(const std::vector<std::string>& arguments) {
    options.command = {HEADRACE_EVIL_COMMAND};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  }
  void Payload(const std::string& bytes) {
    payload_text_ = bytes;
    ASSERT_TRUE(WriteAll(payload_.get(), std::as_bytes(std::span(payload_text_))));
    job.payload = std::as_bytes(std::span(payload_text_));
    job.payload_fd = payload_.get();
  }

  std::optional<Failure> Run() {
    if (!tree_) {
      auto tree = ProcessTree::Make(getppid());
      EXPECT_TRUE(tree.ok());
      tree_.emplace(*std::move(tree));
    }
    auto launcher = ProgramLauncher::Make(options, getppid(), getpid());
    EXPECT_TRUE(launcher.ok());
    const auto files_before = Files();
    const auto start = std::chrono::steady_clock::now();
    std::optional<Failure> failure;
    {
      OneShot one_shot(options, *launcher, *tree_, sockets_.ours.get());
      failure = one_shot.Run(job, context);
      took = std::chrono::steady_clock::now() - start;
      EXPECT_TRUE(ProcessTree::Tasks().empty());
      EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    }
    EXPECT_EQ(Files(), files_before) << "a file is left";
    return failure;
  }
  // In the folder of the private ones.
  [[nodiscard]] std::ptrdiff_t Files() const {
    const std::filesystem::directory_iterator all(options.scratch_dir);
    return std::distance(begin(all), end(all));
  }
  // From then on the job is not wanted any more.
  void CloseService() { sockets_.theirs.reset(); }

  [[nodiscard]] std::filesystem::path folder() const { return folder_; }
  // Limits on processes bind this user.
  [[nodiscard]] bool bound() const { return bound_; }

  CommandOptions options;
  Job job;
  FakeContext context;
  std::chrono::duration<double> took{0};

 private:
  const bool bound_;
  std::filesystem::path folder_;
  SocketPair sockets_;
  UniqueFd payload_;
  std::string payload_text_;
  std::optional<ProcessTree> tree_;
};

}  // namespace headrace::testing_support
