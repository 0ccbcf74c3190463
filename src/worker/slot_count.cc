#include "worker/slot_count.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kReserve = 128 * kMiB;
constexpr std::uint64_t kPerSlot = 384 * kMiB;

std::optional<std::string> ReadLine(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

std::optional<double> ReadNumber(const fs::path& file) {
  const auto line = ReadLine(file);
  if (!line) return std::nullopt;
  std::istringstream text(*line);
  double number = 0;
  if (!(text >> number)) return std::nullopt;  // "max"
  return number;
}

// The folders of this process's group from its own up to the root of one hierarchy.
struct Hierarchy {
  bool unified = false;
  std::string controllers;
  std::vector<fs::path> folders;
};

std::vector<Hierarchy> Hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream in(root / "proc/self/cgroup");  // lines of "id:controllers:path", see cgroups(7)
  std::string line;
  while (std::getline(in, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    Hierarchy hierarchy;
    hierarchy.controllers = line.substr(first + 1, second - first - 1);
    hierarchy.unified = hierarchy.controllers.empty();
    const fs::path mount = root / "sys/fs/cgroup" / hierarchy.controllers;
    // Inside a container the path may name folders that only the host has: the mount is then our
    // group.
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    for (; !group.empty(); group = group.parent_path()) hierarchy.folders.push_back(mount / group);
    hierarchy.folders.push_back(mount);
    found.push_back(std::move(hierarchy));
  }
  return found;
}

bool Has(const Hierarchy& hierarchy, std::string_view controller) {
  std::istringstream names(hierarchy.controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == controller) return true;
  }
  return hierarchy.unified;
}

// Cores that one group may use, nothing if it is not limited.
std::optional<double> Quota(const Hierarchy& hierarchy, const fs::path& folder) {
  if (hierarchy.unified) {
    const auto line = ReadLine(folder / "cpu.max");  // "quota period" or "max period"
    if (!line) return std::nullopt;
    std::istringstream text(*line);
    double quota = 0;
    double period = 0;
    if (!(text >> quota >> period) || period <= 0) return std::nullopt;
    return quota / period;
  }
  const auto quota = ReadNumber(folder / "cpu.cfs_quota_us");
  const auto period = ReadNumber(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

double SmallestQuota(const fs::path& root) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const Hierarchy& hierarchy : Hierarchies(root)) {
    if (!Has(hierarchy, "cpu")) continue;
    for (const fs::path& folder : hierarchy.folders) {
      smallest = std::min(smallest, Quota(hierarchy, folder).value_or(smallest));
    }
  }
  return smallest;
}

// Bytes that one group may have, infinity if it is not limited. Who is above memory.high is not
// killed, but slowed down until it hardly moves: no memory to plan with.
double GroupMemory(const Hierarchy& hierarchy, const fs::path& folder) {
  double smallest = std::numeric_limits<double>::infinity();
  const auto files = hierarchy.unified ? std::vector<const char*>{"memory.max", "memory.high"}
                                       : std::vector<const char*>{"memory.limit_in_bytes"};
  for (const char* const file : files) {
    const double limit = ReadNumber(folder / file).value_or(0);
    if (limit > 0) smallest = std::min(smallest, limit);
  }
  return smallest;
}

std::uint64_t MachineMemory(const fs::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string name;
  std::uint64_t kib = 0;
  std::string unit;
  while (in >> name >> kib >> unit) {
    if (name == "MemTotal:") return kib * 1024;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

std::size_t Affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

}  // namespace

std::uint64_t MemoryLimit(const std::string& root) {
  std::uint64_t smallest = MachineMemory(root);
  for (const Hierarchy& hierarchy : Hierarchies(root)) {
    if (!Has(hierarchy, "memory")) continue;
    for (const fs::path& folder : hierarchy.folders) {
      const double limit = GroupMemory(hierarchy, folder);
      const bool lower = limit < static_cast<double>(smallest);
      if (lower) smallest = static_cast<std::uint64_t>(limit);
    }
  }
  return smallest;
}

SlotCount AutoSlots(const SlotPlan& plan) {
  const std::size_t affinity = plan.affinity != 0 ? plan.affinity : Affinity();
  SlotCount count{affinity, fmt::format("{} cores may be used", affinity)};
  const double quota = SmallestQuota(plan.root);
  if (quota < static_cast<double>(count.slots)) {
    count = {static_cast<std::size_t>(quota), fmt::format("the cgroup's CPU quota is {}", quota)};
  }
  const std::uint64_t limit = MemoryLimit(plan.root);
  const std::uint64_t taken = plan.ledger_bytes + plan.zygote_bytes + kReserve;
  const std::uint64_t by_memory = limit > taken ? (limit - taken) / kPerSlot : 0;
  if (by_memory < count.slots) {
    count = {static_cast<std::size_t>(by_memory),
             fmt::format("{} MiB of memory, less {} MiB for the service, carry {} executors",
                         limit / kMiB, taken / kMiB, by_memory)};
  }
  if (count.slots == 0) count = {1, "at least one, although " + count.reason};
  return count;
}

}  // namespace headrace
