#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <random>
#include <set>

#include "base/fd.h"
#include "sqlite_fixture.h"

namespace headrace {
namespace {

class SqliteKill : public SqliteFixture {
 protected:
  // Starts the child, kills it after so many acknowledgements, and reads the rest of them.
  void RunAndKill(int lines) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd write_end(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = HEADRACE_STORE_CHILD;
    std::array<char*, 3> arguments{program.data(), options.path.data(), nullptr};
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    write_end.reset();
    std::FILE* const acks = fdopen(ends[0], "r");
    std::array<char, 64> line{};
    for (int i = 0; std::fgets(line.data(), line.size(), acks) != nullptr; ++i) {
      (line[0] == 'I' ? inserted : ended).insert(std::string(&line[2], 32));
      if (i == lines) kill(child, SIGKILL);
    }
    std::fclose(acks);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
  }

  static void CheckText(const std::string& id, const Payload& payload) {
    const std::string text = TextOf(payload);
    EXPECT_TRUE(text.size() == 30 * 32 || text.size() == 3000 * 32) << text.size();
    for (std::size_t at = 0; at < text.size(); at += 32) {
      ASSERT_EQ(text.compare(at, 32, id), 0) << id << " at " << at;
    }
  }

  // Everything acknowledged is there and whole, and so is everything else that is there.
  void Check() {
    std::size_t files = 0;
    std::set<std::string> waiting;
    for (const KeptJob& job : recovered.unfinished) {
      waiting.insert(job.id);
      const auto payload = store->LoadPayload(job.id);
      ASSERT_TRUE(payload) << payload.error().detail;
      CheckText(job.id, *payload);
      files += payload->size() > options.inline_max;
    }
    RecordFilter all;
    all.state = JobState::kSucceeded;
    all.limit = 1'000'000;
    std::set<std::string> done;
    for (const std::string& id : calls->List(all)) {
      done.insert(id);
      const auto record = calls->Load(id);
      ASSERT_TRUE(record && record->end->outcome.parts.size() == 1) << id;
      CheckText(id, record->end->outcome.parts[0].bytes);
      files += record->end->outcome.parts[0].bytes.size() > options.inline_max;
    }
    for (const std::string& id : inserted) EXPECT_TRUE(waiting.contains(id) || done.contains(id));
    for (const std::string& id : ended) EXPECT_TRUE(done.contains(id));
    EXPECT_EQ(BodyNames().size(), files);
  }

  std::set<std::string> inserted;  // acknowledged
  std::set<std::string> ended;
};

TEST_F(SqliteKill, LosesNothingThatWasAcknowledgedWhenItsProcessIsKilled) {
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> lines(1, 400);
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    RunAndKill(lines(random));
    if (HasFatalFailure()) return;
  }
  Open();
  Check();
  EXPECT_GT(ended.size(), 20U);
}

}  // namespace
}  // namespace headrace
