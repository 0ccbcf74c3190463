#include "base/units.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

using std::chrono::milliseconds;

TEST(Size, IsReadWithItsUnit) {
  EXPECT_EQ(*ParseSize("512B"), 512U);
  EXPECT_EQ(*ParseSize("16 KiB"), 16U << 10);
  EXPECT_EQ(*ParseSize("64MiB"), 64U << 20);
  EXPECT_EQ(*ParseSize("2GiB"), 2ULL << 30);
  EXPECT_EQ(*ParseSize("0"), 0U);
}

TEST(Duration, IsReadWithItsUnit) {
  EXPECT_EQ(*ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(*ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(*ParseDuration("24h"), milliseconds(86'400'000));
  EXPECT_EQ(*ParseDuration("0"), milliseconds(0));
}

class BadSize : public testing::TestWithParam<std::string> {};

TEST_P(BadSize, IsRefusedWithAnExample) {
  const auto size = ParseSize(GetParam());
  ASSERT_FALSE(size.ok());
  EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(size.error().hint.find("64MiB"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Size, BadSize,
                         testing::Values("", "64", "64 ", "MiB", "64MB", "64mib", "-1MiB", "1.5MiB",
                                         "+1MiB", "64MiBx", "18446744073709551616B",
                                         "9007199254740992GiB"));

class BadDuration : public testing::TestWithParam<std::string> {};

TEST_P(BadDuration, IsRefusedWithAnExample) {
  const auto duration = ParseDuration(GetParam());
  ASSERT_FALSE(duration.ok());
  EXPECT_NE(duration.error().hint.find("30s"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Duration, BadDuration,
                         testing::Values("", "30", "s", "30sec", "-1s", "1.5s", "1d",
                                         "9223372036854775807h"));

TEST(Size, IsWrittenAsShortAsItCanBeReadBack) {
  EXPECT_EQ(FormatSize(64U << 20), "64MiB");
  EXPECT_EQ(FormatSize(1536), "1536B");
  EXPECT_EQ(FormatSize(3U << 10), "3KiB");
  EXPECT_EQ(FormatSize(0), "0");
  EXPECT_EQ(*ParseSize(FormatSize(123'456'789)), 123'456'789U);
}

TEST(Duration, IsWrittenAsShortAsItCanBeReadBack) {
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(500)), "500ms");
  EXPECT_EQ(FormatDuration(milliseconds(3'600'000)), "1h");
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0");
  EXPECT_EQ(*ParseDuration(FormatDuration(milliseconds(61'001))), milliseconds(61'001));
}

}  // namespace
}  // namespace headrace
