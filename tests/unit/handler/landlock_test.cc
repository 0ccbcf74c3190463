#include "handler/sandbox/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "support/in_child.h"
#include "support/take_layer.h"

namespace headrace {
namespace {

using testing_support::InChild;

constexpr int kNoLandlock = 200;
constexpr int kScopesSignals = 6;  // the ABI

class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (LandlockAbi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-landlock-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ / "in");
    std::filesystem::create_directories(folder_ / "out");
    std::ofstream(folder_ / "in" / "file") << "text";
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The errno of `call` in a process that is restricted so, 0 if it was granted.
  static int ErrorOf(const LandlockPolicy& policy, const std::function<long()>& call) {
    return InChild([&] {
      if (RestrictByLandlock(policy)) return kNoLandlock;
      errno = 0;
      return call() < 0 ? errno : 0;
    });
  }
  [[nodiscard]] std::function<long()> Opening(const std::string& path, int flags) const {
    return [file = (folder_ / path).string(), flags] { return open(file.c_str(), flags, 0600); };
  }
  [[nodiscard]] LandlockPolicy Policy() const {
    return {{folder_ / "in"}, {folder_ / "out"}, false};
  }

  std::filesystem::path folder_;
};

TEST_F(LandlockTest, LetsThroughWhatIsInNoFolder) {
  const int memfd = memfd_create("test", MFD_CLOEXEC);
  ASSERT_GE(memfd, 0);
  const std::string path = "/proc/self/fd/" + std::to_string(memfd);
  const auto open_it = [&] { return open(path.c_str(), O_RDONLY); };
  EXPECT_EQ(ErrorOf({{path}, {}, false}, open_it), 0);
  close(memfd);
}

TEST_F(LandlockTest, LeavesNoFileWhereNoneIsNamed) {
  EXPECT_EQ(ErrorOf({}, Opening("in/file", O_RDONLY)), EACCES);
  EXPECT_EQ(ErrorOf({}, [] { return open("/etc/passwd", O_RDONLY); }), EACCES);
}

TEST_F(LandlockTest, AllowsToReadWhatIsReadableAndToWriteWhatIsWritable) {
  EXPECT_EQ(ErrorOf(Policy(), Opening("in/file", O_RDONLY)), 0);
  EXPECT_EQ(ErrorOf(Policy(), Opening("in/file", O_WRONLY)), EACCES);
  EXPECT_EQ(ErrorOf(Policy(), Opening("in/new", O_WRONLY | O_CREAT)), EACCES);
  EXPECT_EQ(ErrorOf(Policy(), Opening("out/new", O_WRONLY | O_CREAT)), 0);
  EXPECT_EQ(ErrorOf(Policy(), Opening("out/new", O_WRONLY | O_TRUNC)), 0);
  EXPECT_EQ(ErrorOf(Policy(), Opening("other", O_WRONLY | O_CREAT)), EACCES);
}

TEST_F(LandlockTest, AllowsASingleFileWhereAPathIsOne) {
  const LandlockPolicy policy{{folder_ / "in" / "file"}, {}, false};
  EXPECT_EQ(ErrorOf(policy, Opening("in/file", O_RDONLY)), 0);
  EXPECT_EQ(ErrorOf(policy, Opening("in", O_RDONLY | O_DIRECTORY)), EACCES);
}

TEST_F(LandlockTest, LeavesOutAPathThatDoesNotExist) {
  const LandlockPolicy policy{{folder_ / "nothing", folder_ / "in"}, {}, false};
  EXPECT_EQ(ErrorOf(policy, Opening("in/file", O_RDONLY)), 0);
}

TEST_F(LandlockTest, KeepsSignalsFromProcessesOutside) {
  if (LandlockAbi() < kScopesSignals) GTEST_SKIP() << "from ABI 6 on";
  EXPECT_EQ(ErrorOf({}, [] { return kill(getppid(), 0); }), EPERM);
  EXPECT_EQ(ErrorOf({}, [] { return kill(getpid(), 0); }), 0);
}

TEST(LandlockWithoutKernelTest, SaysThatItIsMissing) {
  const int status = InChild([] {
    if (!testing_support::TakeLayerAway("landlock")) return kNoLandlock;
    const auto reason = RestrictByLandlock({});
    return LandlockAbi() == 0 && reason &&
                   *reason == "landlock: not in this kernel: Function not implemented"
               ? 0
               : 1;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace headrace
