#include "engine/local/key_index.h"

#include <gtest/gtest.h>

#include <string>
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

}  // namespace
}  // namespace headrace
