#include "engine/local/key_index.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {
namespace {

constexpr KeyIndex::Name kName{"tenant", "queue", "key"};

// A key, and who was told what.
struct Keys {
  KeyIndex index{10};
  std::vector<PushAnswer> told;

  PushResult Take(const std::string& id) {
    return index.Take(kName, {}, id, [this](const PushAnswer& answer) { told.push_back(answer); });
  }
};

TEST(KeyIndex, TellsWhoComesMeanwhileOnceTheFirstIsAccepted) {
  Keys keys;
  EXPECT_EQ(keys.Take("first"), PushResult::kAccepted);
  EXPECT_EQ(keys.Take("second"), PushResult::kExisting);
  EXPECT_TRUE(keys.told.empty());
  keys.index.Confirm(kName, "first");
  ASSERT_EQ(keys.told.size(), 1U);
  EXPECT_EQ(keys.told[0].id, "first");
}

TEST(KeyIndex, IsNotConfirmedForAnotherJobThanTheOneThatHasIt) {
  Keys keys;
  keys.Take("gone");
  keys.index.Free(kName, "gone");  // it was cancelled before it was written
  keys.Take("first");
  keys.Take("second");
  keys.index.Confirm(kName, "gone");
  EXPECT_TRUE(keys.told.empty()) << "the first may still be refused";
  keys.index.Free(kName, "first");
  ASSERT_EQ(keys.told.size(), 1U);
  EXPECT_EQ(keys.told[0].result, PushResult::kDown);
}

// How many keys the tenant may take, one after the other.
std::size_t TakeAll(KeyIndex& index, std::string_view tenant) {
  for (std::size_t taken = 0;; ++taken) {
    const std::string key = std::to_string(taken);
    const auto result = index.Take({tenant, "queue", key}, {}, key, [](const PushAnswer&) {});
    if (result != PushResult::kAccepted) return taken;
  }
}

TEST(KeyIndex, LeavesKeysToOthersHoweverManyOneTenantTakes) {
  KeyIndex index(100);
  EXPECT_EQ(TakeAll(index, "greedy"), 50U);
  EXPECT_EQ(TakeAll(index, "second"), 25U);
  EXPECT_EQ(index.Take({"third", "queue", "key"}, {}, "id", nullptr), PushResult::kAccepted);
}

TEST(KeyIndex, HoldsAsManyAsItMayWhereNobodyIsToldApart) {
  KeyIndex index(100);
  EXPECT_EQ(TakeAll(index, ""), 100U);
}

TEST(KeyIndex, CountsOnlyWhatIsHeld) {
  KeyIndex index(100);
  TakeAll(index, "tenant");
  index.Free({"tenant", "queue", "1"}, "1");
  index.HoldUntil({"tenant", "queue", "2"}, "2", SteadyClock::now());
  const auto take = [&](const std::string& key) {
    return index.Take({"tenant", "queue", key}, {}, key, nullptr);
  };
  EXPECT_EQ(take("new"), PushResult::kAccepted);
  EXPECT_EQ(take("newer"), PushResult::kAccepted);
  EXPECT_EQ(take("newest"), PushResult::kManyKeys);
}

TEST(KeyIndex, NeedsNoMemoryForKeysThatWereGivenFreeBeforeTheirTime) {
  KeyIndex index(10);
  const auto later = SteadyClock::now() + std::chrono::hours(1);
  const auto use = [&](const std::string& key) {
    const KeyIndex::Name name{"tenant", "queue", key};
    ASSERT_EQ(index.Take(name, {}, key, nullptr), PushResult::kAccepted);
    index.Confirm(name, key);
    index.HoldUntil(name, key, later);
    index.Free(name, key);
  };
  use("first");
  const std::size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 10'000; ++i) use("key-of-a-job-that-was-deleted-" + std::to_string(i));
  EXPECT_LT(mallinfo2().uordblks, before + 100'000) << "bytes; of a sanitizer's heap none are told";
}

}  // namespace
}  // namespace headrace
