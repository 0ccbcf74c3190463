#include "base/trace.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

const std::string kValid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, KeepsTheCallersTraceIdAndFlagsUnderASpanOfOurOwn) {
  const std::string ours = ContinueTrace(kValid);
  EXPECT_TRUE(IsTraceparent(ours));
  EXPECT_EQ(ours.substr(0, 36), kValid.substr(0, 36));
  EXPECT_NE(ours.substr(36, 16), kValid.substr(36, 16));
  EXPECT_EQ(ours.substr(53), "01");
}

TEST(Trace, PassesOnNoFlagThatItDoesNotKnow) {
  EXPECT_EQ(ContinueTrace(kValid.substr(0, 53) + "ff").substr(53), "03");
}

TEST(Trace, BeginsANewOneWhereThereIsNone) {
  const std::string first = ContinueTrace("");
  EXPECT_TRUE(IsTraceparent(first));
  EXPECT_NE(first.substr(3, 32), ContinueTrace("").substr(3, 32));
}

TEST(Trace, ReadsALaterVersionAsFarAsItIsKnown) {
  const std::string later = "cc" + kValid.substr(2) + "-what-comes";
  EXPECT_TRUE(IsTraceparent(later));
  EXPECT_EQ(ContinueTrace(later).substr(3, 32), kValid.substr(3, 32));
  EXPECT_TRUE(IsTraceparent(ContinueTrace(later)));
}

TEST(Trace, IsReadAndWrittenWithAllItsFlags) {
  const auto context = ParseTraceparent(kValid.substr(0, 53) + "a3");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->span(), "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(ToTraceparent(*context), kValid.substr(0, 53) + "a3");
  for (const char digit : std::string("0123456789abcdef")) {
    const std::string text = kValid.substr(0, 54) + digit;
    EXPECT_EQ(SaysSampled(text), ParseTraceparent(text)->sampled()) << text;
    EXPECT_EQ(SaysSampled(text), std::string("13579bdf").find(digit) != std::string::npos);
  }
  EXPECT_FALSE(SaysSampled("01"));
}

TEST(Trace, PassesATracestateOnAsItCame) {
  EXPECT_EQ(PassedTracestate(kValid, "a=1,b@c=2 , d=x"), "a=1,b@c=2 , d=x");
  const std::string longest = "a=" + std::string(510, 'x');
  EXPECT_EQ(PassedTracestate(kValid, longest), longest);
}

TEST(Trace, CutsALongTracestateBetweenTwoOfItsMembers) {
  const std::string first = "a=" + std::string(250, 'x');
  const std::string second = "b=" + std::string(250, 'x');
  EXPECT_EQ(PassedTracestate(kValid, first + "," + second + ",c=" + std::string(99, 'x')),
            first + "," + second);
  EXPECT_EQ(PassedTracestate(kValid, "a=" + std::string(511, 'x')), "");
}

TEST(Trace, HasNoTracestateBesideABadTraceparentOrOfOtherCharacters) {
  EXPECT_EQ(PassedTracestate("", "a=1"), "");
  EXPECT_EQ(PassedTracestate("nonsense", "a=1"), "");
  EXPECT_EQ(PassedTracestate(kValid, "a=\xC3\xA4"), "");
  EXPECT_EQ(PassedTracestate(kValid, "a=1\n"), "");
}

class BadTraceparent : public testing::TestWithParam<std::string> {};

TEST_P(BadTraceparent, IsNotContinued) {
  EXPECT_FALSE(IsTraceparent(GetParam()));
  EXPECT_TRUE(IsTraceparent(ContinueTrace(GetParam())));
  EXPECT_EQ(ContinueTrace(GetParam()).find("4bf92f3577b34da6"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Trace, BadTraceparent,
    testing::Values("ff" + kValid.substr(2), kValid + "-more", kValid + "x",
                    "cc" + kValid.substr(2) + "x", kValid.substr(0, 54),
                    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                    "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"));

}  // namespace
}  // namespace headrace
