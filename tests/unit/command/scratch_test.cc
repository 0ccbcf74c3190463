#include "handler/command/scratch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/memfd.h"
#include "handler/command/folder_tree.h"
#include "handler/command/hidden_files.h"

namespace headrace {
namespace {

constexpr std::uint64_t kAny = UINT64_MAX - 1;
constexpr std::uint64_t kOwn = kLeastOfFile;  // tmp

class ScratchTest : public ::testing::Test {
 protected:
  ScratchTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-scratch-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Scratch Make() {
    auto scratch = Scratch::Make(folder_);
    EXPECT_TRUE(scratch.ok());
    return *std::move(scratch);
  }
  // A folder like one that a killed service leaves.
  std::filesystem::path Leftover(const std::string& name) {
    auto path = folder_ / name;
    std::filesystem::create_directories(path / "output" / "below");
    std::ofstream(path / "output" / "file") << "text";
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(ScratchTest, IsNotEmptiedForLongerThanItMay) {
  const Scratch scratch = Make();
  const Deadline now = Deadline::After(std::chrono::seconds(0));
  EXPECT_FALSE(EmptyFolder(scratch.fd(), now)) << "who fills it meanwhile would keep it at work";
  EXPECT_TRUE(EmptyFolder(scratch.fd()));
  EXPECT_TRUE(EmptyFolder(scratch.fd(), now));
}

TEST_F(ScratchTest, IsPrivateAndGoesWithAllThatIsInIt) {
  {
    const Scratch scratch = Make();
    EXPECT_EQ(std::filesystem::status(scratch.path()).permissions(),
              std::filesystem::perms::owner_all);
    std::filesystem::create_directories(scratch.output() + "/a/b/c");
    std::ofstream(scratch.tmp() + "/file") << "text";
    std::filesystem::create_directory_symlink("/usr", scratch.tmp() + "/link");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_TRUE(std::filesystem::exists("/usr/bin"));
}

TEST_F(ScratchTest, GoesOnceOnly) {
  Scratch scratch = Make();
  EXPECT_TRUE(scratch.Remove());
  EXPECT_TRUE(scratch.Remove());
}

TEST_F(ScratchTest, CannotBeMadeWhereNoFolderIs) {
  const auto scratch = Scratch::Make(folder_ / "missing");
  ASSERT_FALSE(scratch.ok());
  EXPECT_NE(scratch.error().detail.find("No such file or directory"), std::string::npos);
}

TEST_F(ScratchTest, CountsWhatLiesOnTheDisk) {
  const Scratch scratch = Make();
  EXPECT_EQ(scratch.Bytes(kAny), kOwn);
  std::ofstream(scratch.tmp() + "/empty").close();
  EXPECT_EQ(scratch.Bytes(kAny), kOwn + kLeastOfFile);
  auto file = scratch.MakeFile("file");
  ASSERT_TRUE(file.ok());
  // A hole counts nothing.
  ASSERT_EQ(ftruncate(file->get(), 1 << 30), 0);
  EXPECT_EQ(scratch.Bytes(kAny), kOwn + 2 * kLeastOfFile);
  const std::string bytes(1 << 20, 'x');
  ASSERT_TRUE(WriteAll(file->get(), std::as_bytes(std::span(bytes))));
  fsync(file->get());
  EXPECT_GE(scratch.Bytes(kAny), kOwn + kLeastOfFile + bytes.size());
}

TEST_F(ScratchTest, CountsNoLongerThanItNeeds) {
  const Scratch scratch = Make();
  for (int i = 0; i < 100; ++i) std::ofstream(scratch.tmp() + "/" + std::to_string(i)).close();
  EXPECT_GE(scratch.Bytes(kAny), 100 * kLeastOfFile);
  EXPECT_LE(scratch.Bytes(10 * kLeastOfFile), 11 * kLeastOfFile);
}

TEST_F(ScratchTest, CountsNothingBehindALink) {
  const Scratch scratch = Make();
  std::filesystem::create_directory_symlink("/usr", scratch.tmp() + "/link");
  EXPECT_EQ(scratch.Bytes(kAny), kOwn + kLeastOfFile);
}

TEST_F(ScratchTest, GivesNoNameTwice) {
  const Scratch scratch = Make();
  ASSERT_TRUE(scratch.MakeFile("file").ok());
  EXPECT_FALSE(scratch.MakeFile("file").ok());
  ASSERT_TRUE(scratch.MakeOutput().ok());
  EXPECT_FALSE(scratch.MakeFile("output").ok());
  ASSERT_TRUE(scratch.MakeUnnamedFile().ok());
  ASSERT_TRUE(scratch.MakeUnnamedFile().ok());
}

TEST_F(ScratchTest, FilesWithoutANameAreFoundByWhoHasThemOpen) {
  const UniqueFd ours(memfd_create("ours", MFD_CLOEXEC));
  std::vector<FileId> known;  // that, and whatever the test was started with
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    known.push_back(IdOf(std::stoi(entry.path().filename())));
  }
  const UniqueFd hidden(memfd_create("hidden", MFD_CLOEXEC));
  const UniqueFd again(dup(hidden.get()));
  const std::string bytes(1 << 20, 'x');
  ASSERT_TRUE(WriteAll(hidden.get(), std::as_bytes(std::span(bytes))));
  ASSERT_TRUE(WriteAll(ours.get(), std::as_bytes(std::span(bytes))));
  EXPECT_EQ(MeasureHidden({"/proc/thread-self"}, known, kAny), bytes.size());
  EXPECT_EQ(MeasureHidden({"/proc/1/task/no"}, {}, kAny), 0U);
}

TEST_F(ScratchTest, LeftoversAreSweptButNotWhatIsInUse) {
  const Scratch in_use = Make();
  Leftover("headrace-job-abcdef");
  Leftover("headrace-job-fedcba");
  const auto other = Leftover("somebody's");
  std::ofstream(folder_ / "headrace-job-a-file") << "text";
  EXPECT_EQ(SweepScratch(folder_), 2U);
  EXPECT_EQ(SweepScratch(folder_), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "headrace-job-abcdef"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "headrace-job-fedcba"));
  EXPECT_TRUE(std::filesystem::exists(in_use.tmp()));
  EXPECT_TRUE(std::filesystem::exists(other / "output" / "file"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "headrace-job-a-file"));
}

TEST_F(ScratchTest, ALinkThatIsNamedLikeALeftoverIsNotFollowed) {
  const auto other = Leftover("somebody's");
  std::filesystem::create_directory_symlink(other, folder_ / "headrace-job-abcdef");
  EXPECT_EQ(SweepScratch(folder_), 0U);
  EXPECT_TRUE(std::filesystem::exists(other / "output" / "file"));
}

TEST_F(ScratchTest, WhereNoFolderIsNothingIsSwept) {
  EXPECT_EQ(SweepScratch(folder_ / "missing"), 0U);
}

TEST_F(ScratchTest, AnUntrustedFileIsOpenedOnlyIfItIsOne) {
  const Scratch scratch = Make();
  ASSERT_EQ(mkfifo((scratch.path() + "/fifo").c_str(), 0600), 0);
  ASSERT_EQ(symlink("/etc/passwd", (scratch.path() + "/link").c_str()), 0);
  std::ofstream(scratch.path() + "/dark") << "text";
  ASSERT_EQ(chmod((scratch.path() + "/dark").c_str(), 0), 0);
  EXPECT_TRUE(OpenUntrusted(scratch.fd(), "dark", S_IFREG));
  EXPECT_TRUE(OpenUntrusted(scratch.fd(), "tmp", S_IFDIR));
  for (const char* name : {"fifo", "link", "tmp", "missing"}) {
    EXPECT_FALSE(OpenUntrusted(scratch.fd(), name, S_IFREG)) << name;
  }
  for (const char* name : {"fifo", "link", "dark", "missing"}) {
    EXPECT_FALSE(OpenUntrusted(scratch.fd(), name, S_IFDIR)) << name;
  }
}

}  // namespace
}  // namespace headrace
