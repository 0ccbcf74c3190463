#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/sqlite/sqlite_store.h"
#include "store_support.h"

namespace headrace {

// A clock that a test sets. Thread-safe.
struct SetClock {
  std::atomic<std::int64_t> utc{1'800'000'000'000};
  std::atomic<std::int64_t> boot{1'000'000};
  std::atomic<int> boots{1};

  [[nodiscard]] sqlite::Clock Clock() {
    return {[this] { return utc.load(); }, [this] { return boot.load(); },
            [this] { return "boot " + std::to_string(boots.load()); }};
  }
  void Pass(std::chrono::milliseconds time) {
    utc += time.count();
    boot += time.count();
  }
};

// A folder with a store that can be closed and opened again.
class SqliteFixture : public testing::Test {
 protected:
  SqliteFixture() {
    options.path = folder.path().string() + "/store";
    options.sweep_every = std::chrono::milliseconds(2);
    options.retry = std::chrono::milliseconds(2);
  }

  void Open(const std::vector<std::string>& queues = {"work"}) {
    store = std::make_unique<SqliteStore>(options);
    auto answer = store->Recover(queues);
    ASSERT_TRUE(answer) << answer.error().detail;
    recovered = *std::move(answer);
    calls = std::make_unique<Awaiting>(*store);
  }
  void Close() { store.reset(); }
  void Reopen() {
    Close();
    Open();
  }

  KeptJob Insert(const std::string& payload = "payload", const std::string& tenant = "") {
    const KeptJob job = MakeKept(tenant);
    EXPECT_TRUE(calls->Insert(job, payload));
    return job;
  }

  [[nodiscard]] std::string Database() const { return options.path + "/jobs.db"; }
  [[nodiscard]] std::string Bodies() const { return options.path + "/bodies"; }
  [[nodiscard]] std::vector<std::string> BodyNames() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Bodies())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // What is said of a store that cannot be opened.
  [[nodiscard]] std::string WhyNot() const {
    SqliteStore other(options);
    const auto answer = other.Recover({"work"});
    return answer ? "it can" : answer.error().detail;
  }

  Folder folder;
  SetClock clock;  // used where a test puts it into the options
  SqliteOptions options;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<Awaiting> calls;
  JobStore::Recovered recovered;
};

}  // namespace headrace
