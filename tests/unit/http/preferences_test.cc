#include "http/message/preferences.h"

#include <gtest/gtest.h>

#include <string>

#include "http/message/range.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Prefer, TellsHowLongAClientWaits) {
  EXPECT_EQ(ParsePrefer("").Patience(), std::nullopt);
  EXPECT_EQ(ParsePrefer("respond-async").Patience(), milliseconds(0));
  EXPECT_EQ(ParsePrefer("Respond-Async, wait=10").Patience(), seconds(10));
  EXPECT_EQ(ParsePrefer("wait=\"5\"; foo=bar, wait=7").Patience(), seconds(5));
  EXPECT_EQ(ParsePrefer("handling=lenient, respond-async;x").Patience(), milliseconds(0));
}

TEST(Prefer, LeavesOutWhatItDoesNotUnderstand) {
  for (const char* const field : {"wait", "wait=", "wait=-1", "wait=ten", "wait=1.5", "waits=1"}) {
    EXPECT_EQ(ParsePrefer(field).Patience(), std::nullopt) << field;
  }
  EXPECT_EQ(ParsePrefer("wait=999999999").wait, seconds(86'400));
  EXPECT_EQ(ParsePrefer("wait=99999999999999999999").wait, std::nullopt);
}

TEST(Priority, TellsTheUrgency) {
  EXPECT_EQ(ParseUrgency("u=0"), 0);
  EXPECT_EQ(ParseUrgency("i, u=7"), 7);
  EXPECT_EQ(ParseUrgency("u=1, u=2"), 2);
  for (const char* const field : {"", "i", "u", "u=8", "u=-1", "u=x", "v=1"}) {
    EXPECT_EQ(ParseUrgency(field), std::nullopt) << field;
  }
}

TEST(IdempotencyKeyField, IsTextWithOrWithoutQuotes) {
  EXPECT_EQ(*ParseIdempotencyKey(""), std::nullopt);
  EXPECT_EQ(**ParseIdempotencyKey("\"8e03978e\""), "8e03978e");
  EXPECT_EQ(**ParseIdempotencyKey(" 8e03978e "), "8e03978e");
  EXPECT_EQ((*ParseIdempotencyKey(std::string(255, 'k')))->size(), 255U);
  for (const std::string& field :
       {std::string("\"\""), std::string("a b"), std::string("\xc3\xa4"), std::string(256, 'k')}) {
    EXPECT_FALSE(ParseIdempotencyKey(field).ok()) << field;
  }
}

struct RangeCase {
  const char* field;
  RangeKind kind;
  std::uint64_t first;
  std::uint64_t length;
};

TEST(Range, IsOneOfBytesOrTheWhole) {
  for (const RangeCase& one : {RangeCase{"bytes=0-0", RangeKind::kPart, 0, 1},
                               {"bytes=2-", RangeKind::kPart, 2, 8},
                               {"bytes=2-99", RangeKind::kPart, 2, 8},
                               {"Bytes=-3", RangeKind::kPart, 7, 3},
                               {"bytes=-30", RangeKind::kPart, 0, 10},
                               {"bytes=10-", RangeKind::kUnsatisfiable, 0, 0},
                               {"bytes=-0", RangeKind::kUnsatisfiable, 0, 0},
                               {"bytes=3-2", RangeKind::kWhole, 0, 0},
                               {"bytes=0-1,3-4", RangeKind::kWhole, 0, 0},
                               {"bytes=a-b", RangeKind::kWhole, 0, 0},
                               {"bytes=-", RangeKind::kWhole, 0, 0},
                               {"bytes=", RangeKind::kWhole, 0, 0},
                               {"bytes=0-99999999999999999999", RangeKind::kWhole, 0, 0},
                               {"pages=1-2", RangeKind::kWhole, 0, 0},
                               {"", RangeKind::kWhole, 0, 0}}) {
    ByteRange range;
    EXPECT_EQ(ParseRange(one.field, 10, range), one.kind) << one.field;
    EXPECT_EQ(range.first, one.first) << one.field;
    EXPECT_EQ(range.length, one.length) << one.field;
  }
}

TEST(EntityTag, IsFoundInAList) {
  EXPECT_TRUE(MatchesTag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(MatchesTag("*", "\"b\""));
  EXPECT_FALSE(MatchesTag("\"a\"", "\"b\""));
}

}  // namespace
}  // namespace headrace
