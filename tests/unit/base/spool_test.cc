#include "base/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headrace {
namespace {

using testing::HasSubstr;

class SpoolTest : public testing::Test {
 protected:
  // The tests run in the build tree, which lies on a disk.
  SpoolTest() {
    std::string name = std::filesystem::current_path() / "spool-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~SpoolTest() override { std::filesystem::remove_all(folder_); }

  static std::string Text(const Payload& payload) {
    const auto bytes = payload.Bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  static std::string Refusal(const std::string& folder) {
    const auto spool = Spool::Open(folder, 100);
    return spool ? "" : spool.error().hint;
  }

  std::filesystem::path folder_;
};

TEST_F(SpoolTest, StoresBytesInAFileWithoutAName) {
  auto spool = Spool::Open(folder_, 1000);
  ASSERT_TRUE(spool) << spool.error().hint;
  {
    auto stored = spool->Store(Payload::FromString("some bytes"));
    ASSERT_TRUE(stored);
    EXPECT_EQ(Text(*stored), "some bytes");
    EXPECT_TRUE(stored->InMemfd());  // it can be sent from its descriptor
    EXPECT_EQ(spool->Used(), 10U);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
    const Payload copy = *stored;
    struct stat status {};
    ASSERT_EQ(fstat(copy.memfd(), &status), 0);
    EXPECT_EQ(status.st_nlink, 0U);
  }
  EXPECT_EQ(spool->Used(), 0U);
}

TEST_F(SpoolTest, RefusesMoreThanItsLimit) {
  auto spool = Spool::Open(folder_, 10);
  ASSERT_TRUE(spool);
  const auto first = spool->Store(Payload::FromString("123456"));
  ASSERT_TRUE(first);
  const auto second = spool->Store(Payload::FromString("123456"));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().hint, HasSubstr("10 bytes are used up"));
  EXPECT_TRUE(spool->Store(Payload::FromString("1234")));
  EXPECT_EQ(spool->Errors(), 1U);
  EXPECT_EQ(spool->Limit(), 10U);
}

TEST_F(SpoolTest, SaysWhyAFolderIsOfNoUse) {
  EXPECT_THAT(Refusal(folder_ / "missing"), HasSubstr("No such file"));
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THAT(Refusal(folder_ / "file"), HasSubstr("Not a directory"));
  EXPECT_THAT(Refusal("/dev/shm"), HasSubstr("in memory"));
  EXPECT_NE(Refusal("/proc"), "");
}

}  // namespace
}  // namespace headrace
