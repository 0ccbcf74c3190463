#include "base/memfd.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>

namespace headrace {
namespace {

constexpr std::size_t kSize = 4096;

UniqueFd Sealable() {
  UniqueFd memfd(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(ftruncate(memfd.get(), kSize), 0);
  return memfd;
}

// As long as it is there the kernel refuses the seal with EBUSY.
void* MapToWrite(const UniqueFd& memfd) {
  void* const mapping = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, memfd.get(), 0);
  EXPECT_NE(mapping, MAP_FAILED);
  return mapping;
}

TEST(SealTest, KeepsAFileAsItIs) {
  const UniqueFd memfd = Sealable();
  EXPECT_TRUE(SealForever(memfd.get()));
  EXPECT_EQ(pwrite(memfd.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SealTest, WaitsWhileTheKernelIsBusyWithTheFile) {
  const UniqueFd memfd = Sealable();
  void* const mapping = MapToWrite(memfd);
  auto sealed = std::async(std::launch::async, [&] { return SealForever(memfd.get()); });
  EXPECT_EQ(sealed.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  munmap(mapping, kSize);
  EXPECT_TRUE(sealed.get());
}

TEST(SealTest, GivesUpWhereTheFileStaysMapped) {
  const UniqueFd memfd = Sealable();
  void* const mapping = MapToWrite(memfd);
  EXPECT_FALSE(SealForever(memfd.get()));
  EXPECT_EQ(errno, EBUSY);
  munmap(mapping, kSize);
}

}  // namespace
}  // namespace headrace
