#include "handler/sandbox/sandbox_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/in_child.h"
#include "support/take_layer.h"

namespace headrace {
namespace {

using testing_support::InChild;

std::size_t IndexOf(const std::string& layer) {
  return static_cast<std::size_t>(
      std::find(kSandboxLayerNames.begin(), kSandboxLayerNames.end(), layer) -
      kSandboxLayerNames.begin());
}

class Layers : public ::testing::TestWithParam<const char*> {};

TEST_P(Layers, AreSeenToBeMissingWhereTheKernelRefusesThem) {
  const std::size_t layer = IndexOf(GetParam());
  const SandboxLayers here = ProbeSandbox();
  const int status = InChild([&] {
    if (!testing_support::TakeLayerAway(GetParam())) return 2;
    SandboxLayers expected = here;
    expected.at(layer) = false;
    return ProbeSandbox() == expected ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Layers, ::testing::ValuesIn(kSandboxLayerNames));

TEST(SandboxLayersTest, AreNamedWhereTheyAreMissing) {
  EXPECT_EQ(MissingLayers({true, true, true, true}), "");
  EXPECT_EQ(MissingLayers({true, true, false, true}), "landlock");
  EXPECT_EQ(MissingLayers({false, true, true, false}), "no_new_privs, seccomp");
}

TEST(SandboxLayersTest, StopTheStartOnlyWhereTheyAreRequired) {
  const SandboxLayers without_landlock{true, true, false, true};
  EXPECT_TRUE(CheckSandbox(SandboxMode::kBestEffort, without_landlock));
  EXPECT_TRUE(CheckSandbox(SandboxMode::kRequired, {true, true, true, true}));
  const auto refused = CheckSandbox(SandboxMode::kRequired, without_landlock);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().hint,
              ::testing::StartsWith("sandbox: required, but this system lacks landlock: "));
}

}  // namespace
}  // namespace headrace
