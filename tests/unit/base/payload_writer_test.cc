#include "base/payload_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/descriptor_limit.h"

namespace headrace {
namespace {

std::string TextOf(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(PayloadWriter, KeepsFewBytesInMemory) {
  PayloadWriter writer;
  writer.Expect(10);
  ASSERT_TRUE(writer.Append("hello ").ok());
  ASSERT_TRUE(writer.Append("world").ok());
  EXPECT_EQ(writer.size(), 11U);
  const auto payload = writer.Finish();
  ASSERT_TRUE(payload.ok());
  EXPECT_FALSE(payload->InMemfd());
  EXPECT_EQ(TextOf(*payload), "hello world");
}

TEST(PayloadWriter, KeepsAsManyInMemoryAsItIsTold) {
  constexpr std::size_t kMost = 4 * PayloadWriter::kMostInMemory;
  PayloadWriter writer(kMost);
  for (std::size_t size = 0; size < kMost; size += kMost / 8) {
    ASSERT_TRUE(writer.Append(std::string(kMost / 8, 'a')).ok());
  }
  auto payload = writer.Finish();
  ASSERT_TRUE(payload.ok());
  EXPECT_FALSE(payload->InMemfd());
  EXPECT_EQ(TextOf(*payload), std::string(kMost, 'a'));
  ASSERT_TRUE(writer.Append(std::string(kMost, 'b')).ok());
  ASSERT_TRUE(writer.Append("c").ok());
  payload = writer.Finish();
  ASSERT_TRUE(payload.ok());
  EXPECT_TRUE(payload->InMemfd());
  EXPECT_EQ(TextOf(*payload), std::string(kMost, 'b') + "c");
}

TEST(PayloadWriter, PutsManyBytesIntoASealedMemfd) {
  PayloadWriter writer;
  const std::string portion(PayloadWriter::kMostInMemory, 'a');
  ASSERT_TRUE(writer.Append(portion).ok());
  ASSERT_TRUE(writer.Append("b").ok());
  const auto payload = writer.Finish();
  ASSERT_TRUE(payload.ok());
  ASSERT_TRUE(payload->InMemfd());
  EXPECT_EQ(TextOf(*payload), portion + "b");
  const int seals = fcntl(payload->memfd(), F_GET_SEALS);
  EXPECT_EQ(seals, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

TEST(PayloadWriter, PutsPortionsOfAnySizeTogether) {
  PayloadWriter writer;
  std::string all;
  for (std::size_t size : {1U, 65'000U, 600U, 1U, 70'000U, 40'000U, 30'000U, 3U, 65'536U, 0U, 7U}) {
    const std::string portion(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(writer.Append(portion).ok());
    all += portion;
    ASSERT_EQ(writer.size(), all.size());
  }
  EXPECT_EQ(TextOf(*writer.Finish()), all);
}

TEST(PayloadWriter, IsEmptyAfterwards) {
  PayloadWriter writer;
  ASSERT_TRUE(writer.Append(std::string(100'000, 'a')).ok());
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(writer.size(), 0U);
  ASSERT_TRUE(writer.Append("next").ok());
  EXPECT_EQ(TextOf(*writer.Finish()), "next");
}

TEST(PayloadWriter, SaysSoWhenDescriptorsAreShort) {
  PayloadWriter writer;
  const auto appended = [&writer] {
    const NoDescriptors short_of;
    return writer.Append(std::string(100'000, 'a'));
  }();
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace headrace
