// All orders in which clients, workers, the disk, the clock and crashes may meet in the engine, up
// to a depth: it is the real one, over a store and a timer that wait to be told.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <unordered_map>

#include "world.h"

namespace headrace::model {
namespace {

struct Explored {
  std::uint64_t runs = 0;
  std::uint64_t states = 0;
  std::string wrong;
};

Explored ExploreAll(const Scenario& scenario) {
  spdlog::set_level(spdlog::level::off);
  Explored explored;
  std::unordered_map<std::string, std::size_t> seen;  // and with how many actions left
  Choices choices;
  do {
    World world(scenario, choices);
    const bool whole = world.Explore([&](std::string state, std::size_t left) {
      auto [at, fresh] = seen.try_emplace(std::move(state), left);
      if (!fresh && at->second >= left) return true;
      at->second = left;
      return false;
    });
    if (whole) {
      world.Conclude();
    } else {
      choices.Prune();
    }
    ++explored.runs;
    explored.wrong = world.Wrong();
  } while (explored.wrong.empty() && choices.Next());
  explored.states = seen.size();
  std::cout << "explored " << explored.runs << " interleavings through " << explored.states
            << " states" << std::endl;
  return explored;
}

void ExpectNothingWrong(const Scenario& scenario) { EXPECT_EQ(ExploreAll(scenario).wrong, ""); }

Scenario Base() {
  Scenario scenario;
  scenario.jobs = {{}, {}};
  return scenario;
}

TEST(Model, JobsOverACrash) {
  Scenario scenario = Base();
  scenario.depth = 10;
  scenario.crashes = 2;
  ExpectNothingWrong(scenario);
}

TEST(Model, CancelledJobsOverACrash) {
  Scenario scenario = Base();
  scenario.depth = 9;
  scenario.crashes = 1;
  scenario.cancels = 2;
  scenario.expires = true;
  ExpectNothingWrong(scenario);
}

TEST(Model, KeysOverACrash) {
  Scenario scenario = Base();
  scenario.jobs = {{0}, {0}, {0, 1}};
  scenario.depth = 9;
  scenario.crashes = 1;
  scenario.cancels = 1;
  scenario.fails = true;
  ExpectNothingWrong(scenario);
}

TEST(Model, KeysBesideADiskThatFails) {
  Scenario scenario = Base();
  scenario.jobs = {{0}, {0}, {0}};
  scenario.depth = 9;
  scenario.failures = 1;
  scenario.cancels = 1;
  ExpectNothingWrong(scenario);
}

TEST(Model, CallsThatOthersComeBetween) {
  Scenario scenario = Base();
  scenario.jobs = {{0}, {0}};
  scenario.depth = 7;
  scenario.crashes = 1;
  scenario.cancels = 1;
  scenario.preemptions = 1;
  scenario.retries = true;
  scenario.expires = true;
  ExpectNothingWrong(scenario);
}

TEST(Model, ResultsThatAreDropped) {
  Scenario scenario = Base();
  scenario.jobs = {{0}, {0}};
  scenario.depth = 12;
  scenario.crashes = 1;
  scenario.drops = true;
  scenario.preemptions = 1;
  ExpectNothingWrong(scenario);
}

TEST(Model, WorkersThatHesitateBesideADiskThatFails) {
  Scenario scenario = Base();
  scenario.jobs = {{0}, {}};
  scenario.depth = 8;
  scenario.cancels = 2;
  scenario.failures = 2;
  scenario.expires = true;
  scenario.hesitates = true;
  ExpectNothingWrong(scenario);
}

TEST(Model, StopsGiveJobsBack) {
  Scenario scenario = Base();
  scenario.depth = 9;
  scenario.cancels = 1;
  scenario.crashes = 1;
  scenario.releases = true;
  ExpectNothingWrong(scenario);
}

TEST(Model, AttemptsAndLateOnes) {
  Scenario scenario = Base();
  scenario.jobs = {{-1, 0, true}, {}};
  scenario.depth = 8;
  scenario.crashes = 1;
  scenario.retries = true;
  scenario.late = true;
  scenario.expires = true;
  ExpectNothingWrong(scenario);
}

// A model that never objects would prove nothing.
TEST(Model, FindsAStoreThatIsAtFault) {
  using Fault = ModelStore::Fault;
  for (const Fault fault : {Fault::kTellsTooEarly, Fault::kForgetsEnds, Fault::kDoubles}) {
    Scenario scenario = Base();
    scenario.depth = 6;
    scenario.crashes = 1;
    scenario.fault = fault;
    EXPECT_NE(ExploreAll(scenario).wrong, "") << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace headrace::model
