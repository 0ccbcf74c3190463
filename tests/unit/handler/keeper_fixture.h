#pragma once

#include <future>
#include <set>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace headrace {

// A pool over the test keeper, each of which starts a program. In the end no keeper may have left a
// file, which each removes when it has ended its program.
class KeeperTest : public PoolTest {
 protected:
  KeeperTest() : PoolTest(HEADRACE_TEST_KEEPER) {
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-keepers-XXXXXX";
    keepers_ = mkdtemp(pattern.data());
    options_.keeper_grace = std::chrono::seconds(20);  // more than any test needs
    SetMode("well");
  }

  void TearDown() override {
    PoolTest::TearDown();
    EXPECT_THAT(Marks(), ::testing::IsEmpty());
    std::filesystem::remove_all(keepers_);
  }

  void SetMode(const std::string& mode) { options_.arguments = {keepers_, mode}; }

  // For those in mode "slow".
  void LetBegin() const { const std::ofstream file(keepers_ / "go"); }

  // The files of keepers and programs that live, or were killed.
  [[nodiscard]] std::set<std::string> Marks() const {
    std::set<std::string> marks;
    for (const auto& entry : std::filesystem::directory_iterator(keepers_)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("keeper") || name.starts_with("program")) marks.insert(name);
    }
    return marks;
  }
  void Forget(const std::set<std::string>& marks) const {
    for (const std::string& mark : marks) std::filesystem::remove(keepers_ / mark);
  }

  // All children of ours but the zygote.
  std::size_t Keepers() {
    std::vector<pid_t> all = Children();
    std::erase(all, Pool().ZygotePid());
    return all.size();
  }

  // A job that has an executor, with another one ahead, when it is cancelled.
  Outcome RunUntil(CancelReason reason, const char* action) {
    QueuedJob job = Job({{"do", action}});
    ExecutorPool& pool = Pool();
    auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
    Spawn([&] { return Marks().size() == 4; });  // two keepers with a program each
    cancelled_ = SteadyClock::now();
    job.cancel.Cancel(reason);
    return running.get();
  }

  pid_t PidOfNextJob(const char* action = "pid") {
    const Outcome& outcome = Run({{"do", action}});
    return outcome.parts.empty() ? 0 : std::stoi(TextOf(outcome.parts.front()));
  }

  std::filesystem::path keepers_;
  SteadyTime cancelled_;
};

}  // namespace headrace
