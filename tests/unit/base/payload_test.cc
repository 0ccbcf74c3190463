#include "base/payload.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/memfd.h"
#include "support/descriptor_limit.h"

namespace headrace {
namespace {

std::string Text(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Payload InMemfd(const std::string& text) {
  UniqueFd fd = *MakeSizedMemfd("test", text.size());
  EXPECT_EQ(pwrite(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return Payload::FromMemfd(std::move(fd), text.size());
}

TEST(Payload, IsEmptyByDefault) {
  const Payload payload;
  EXPECT_EQ(payload.size(), 0U);
  EXPECT_TRUE(payload.Bytes().empty());
  EXPECT_FALSE(payload.InMemfd());
  EXPECT_EQ(payload.memfd(), -1);
}

TEST(Payload, TakesAStringOverWithoutACopy) {
  std::string text(10'000, 'a');
  const char* const address = text.data();
  const Payload payload = Payload::FromString(std::move(text));
  EXPECT_EQ(static_cast<const void*>(payload.Bytes().data()), address);
}

TEST(Payload, SharesItsBytesWithCopies) {
  Payload copy;
  {
    const Payload payload = Payload::FromString("abc");
    copy = payload;
    EXPECT_EQ(copy.Bytes().data(), payload.Bytes().data());
  }
  EXPECT_EQ(Text(copy), "abc");
}

TEST(Payload, MapsAMemfdOnceForAllThreads) {
  const Payload payload = InMemfd("from a memfd");
  EXPECT_TRUE(payload.InMemfd());
  std::vector<const std::byte*> seen(4);
  std::vector<std::thread> threads;
  for (auto& address : seen) {
    threads.emplace_back([&payload, &address] { address = payload.Bytes().data(); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Text(payload), "from a memfd");
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(),
                          [&](const std::byte* at) { return at == seen.front(); }));
}

TEST(Payload, GivesAMemfdOfItsOwnThatNobodyCanChange) {
  const Payload payload = Payload::FromString("bytes");
  const auto fd = payload.ToMemfd();
  ASSERT_TRUE(fd.ok());
  char read_back[5];
  ASSERT_EQ(pread(fd->get(), read_back, 5, 0), 5);
  EXPECT_EQ(std::memcmp(read_back, "bytes", 5), 0);
  EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), -1);
  EXPECT_NE(ftruncate(fd->get(), 100), 0);
}

TEST(Payload, DuplicatesTheDescriptorOfAMemfd) {
  const Payload payload = InMemfd("shared");
  const auto fd = payload.ToMemfd();
  ASSERT_TRUE(fd.ok());
  EXPECT_NE(fd->get(), payload.memfd());
  EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Payload, TellsWhenTheProcessHasNoDescriptorLeft) {
  const Payload payload = Payload::FromString("bytes");
  const auto [fd, sized] = [&payload] {
    const NoDescriptors short_of;
    return std::pair(payload.ToMemfd(), MakeSizedMemfd("test", 1));
  }();
  ASSERT_FALSE(fd.ok());
  EXPECT_EQ(fd.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(fd.error().detail.empty());
  EXPECT_FALSE(sized.ok());
}

TEST(Payload, FreesItsChargeWithTheLastCopy) {
  Ledger ledger(100);
  {
    Payload payload = Payload::FromString("12345");
    payload.Hold(*ledger.TryCharge(MemoryUse::kPayloads, 5));
    const Payload copy = payload;
    payload = Payload();
    EXPECT_EQ(ledger.Used(), 5U);
    EXPECT_EQ(Text(copy), "12345");
  }
  EXPECT_EQ(ledger.Used(), 0U);
}

TEST(SizedMemfd, CanBeWrittenButNeitherShrunkNorGrown) {
  const auto fd = MakeSizedMemfd("test", 4096);
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(lseek(fd->get(), 0, SEEK_END), 4096);
  EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), 1);
  EXPECT_NE(ftruncate(fd->get(), 10), 0);
  EXPECT_NE(ftruncate(fd->get(), 10'000), 0);
  EXPECT_NE(fcntl(fd->get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

}  // namespace
}  // namespace headrace
