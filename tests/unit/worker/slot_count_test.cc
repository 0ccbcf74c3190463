#include "worker/slot_count.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace headrace {
namespace {

namespace fs = std::filesystem;

// A machine made of files: 64 GiB of memory, no cgroup, unless a test writes others.
class SlotCountTest : public testing::Test {
 protected:
  SlotCountTest() {
    std::string pattern = (fs::temp_directory_path() / "slots-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    Write("proc/meminfo", "MemTotal:       67108864 kB\nMemFree:        100 kB\n");
  }
  ~SlotCountTest() override { fs::remove_all(root_); }
  SlotCountTest(const SlotCountTest&) = delete;
  SlotCountTest& operator=(const SlotCountTest&) = delete;

  void Write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  [[nodiscard]] SlotCount Count(std::size_t affinity, std::uint64_t ledger_mib = 0,
                                std::uint64_t zygotes_mib = 0) const {
    return AutoSlots({ledger_mib << 20, zygotes_mib << 20, root_.string(), affinity});
  }
  [[nodiscard]] std::uint64_t LimitMib() const { return MemoryLimit(root_.string()) >> 20; }

  fs::path root_;
};

TEST_F(SlotCountTest, IsTheNumberOfCoresThatMayBeUsedWhereNothingElseLimits) {
  const SlotCount count = Count(8);
  EXPECT_EQ(count.slots, 8U);
  EXPECT_EQ(count.reason, "8 cores may be used");
}

TEST_F(SlotCountTest, AsksTheKernelForTheAffinity) { EXPECT_GE(Count(0).slots, 1U); }

TEST_F(SlotCountTest, IsRoundedDownFromAQuotaOfTheUnifiedHierarchy) {
  Write("proc/self/cgroup", "0::/pod/container\n");
  Write("sys/fs/cgroup/pod/container/cpu.max", "250000 100000\n");
  const SlotCount count = Count(8);
  EXPECT_EQ(count.slots, 2U);
  EXPECT_NE(count.reason.find("quota is 2.5"), std::string::npos);
}

TEST_F(SlotCountTest, FollowsTheSmallestQuotaUpToTheRoot) {
  Write("proc/self/cgroup", "0::/pod/container\n");
  Write("sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/pod/cpu.max", "300000 100000\n");
  Write("sys/fs/cgroup/cpu.max", "500000 100000\n");
  EXPECT_EQ(Count(8).slots, 3U);
}

TEST_F(SlotCountTest, FindsTheQuotaAtTheMountWhereTheContainerCannotSeeItsOwnPath) {
  Write("proc/self/cgroup", "0::/kubepods/only-the-host-has-this\n");
  Write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(Count(8).slots, 1U);
}

TEST_F(SlotCountTest, ReadsTheOldHierarchiesToo) {
  Write("proc/self/cgroup", "12:cpu,cpuacct:/docker/x\n5:memory:/docker/x\n1:name=systemd:/x\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "400000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "2147483648\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Count(8).slots, 4U);
  EXPECT_EQ(LimitMib(), 2048U);
}

TEST_F(SlotCountTest, LeavesMemoryToTheServiceAndGivesEachExecutorItsShare) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/memory.max", std::to_string(1024ULL << 20) + "\n");
  // (1024 - 100 - 28 - 128) / 384 = 2
  const SlotCount count = Count(8, 100, 28);
  EXPECT_EQ(count.slots, 2U);
  EXPECT_NE(count.reason.find("1024 MiB of memory, less 256 MiB"), std::string::npos);
}

TEST_F(SlotCountTest, PlansNoMoreMemoryThanAboveWhichTheKernelSlowsDown) {
  Write("proc/self/cgroup", "0::/system.slice/headrace.service\n");
  Write("sys/fs/cgroup/system.slice/headrace.service/memory.max", "max\n");
  Write("sys/fs/cgroup/system.slice/headrace.service/memory.high",
        std::to_string(2048ULL << 20) + "\n");
  EXPECT_EQ(LimitMib(), 2048U);
  Write("sys/fs/cgroup/system.slice/memory.high", std::to_string(1024ULL << 20) + "\n");
  EXPECT_EQ(LimitMib(), 1024U);
  Write("sys/fs/cgroup/system.slice/memory.max", std::to_string(512ULL << 20) + "\n");
  EXPECT_EQ(LimitMib(), 512U);
}

TEST_F(SlotCountTest, IsAtLeastOneAndSaysSo) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/memory.max", std::to_string(64ULL << 20) + "\n");
  const SlotCount starved = Count(8);
  EXPECT_EQ(starved.slots, 1U);
  EXPECT_NE(starved.reason.find("at least one"), std::string::npos);
  Write("sys/fs/cgroup/memory.max", "max\n");
  Write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(Count(8).slots, 1U);
}

TEST_F(SlotCountTest, TakesFilesThatMakeNoSenseForNoLimit) {
  Write("proc/self/cgroup", "no colons\n:\n0::/a\n");
  Write("sys/fs/cgroup/a/cpu.max", "what\n");
  Write("sys/fs/cgroup/cpu.max", "100000 0\n");
  Write("sys/fs/cgroup/memory.max", "\n");
  EXPECT_EQ(Count(4).slots, 4U);
  EXPECT_EQ(LimitMib(), 65536U);
}

}  // namespace
}  // namespace headrace
