#include "base/utc_time.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

using std::chrono::milliseconds;

TEST(UtcTime, IsWrittenAsRfc3339HasIt) {
  EXPECT_EQ(ToRfc3339(UtcTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(ToRfc3339(UtcTime(milliseconds(951'827'696'789))), "2000-02-29T12:34:56.789Z");
  EXPECT_EQ(ToRfc3339(UtcTime(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace headrace
