#include "app/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/units.h"
#include "worker/slot_count.h"

namespace headrace {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kService = 128 * kMiB;  // the process itself
constexpr std::uint64_t kZygote = 40 * kMiB;
constexpr std::uint64_t kFurtherLanguage = 12 * kMiB;  // of OCR, in its zygote
constexpr std::uint64_t kLeastBudget = 32 * kMiB;
constexpr std::uint64_t kLeastShare = 256 * kMiB;

std::uint64_t Minus(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

std::uint64_t WholeMiB(std::uint64_t bytes) { return bytes / kMiB * kMiB; }

bool HasProcess(const QueueConfig& queue) { return queue.NeedsExecutors(); }

std::uint64_t ZygoteBytes(const Config& config) {
  std::uint64_t bytes = 0;
  for (const QueueConfig& queue : config.queues) {
    if (!HasProcess(queue)) continue;
    bytes += kZygote;
    if (queue.handler == "ocr") bytes += (queue.ocr.languages.size() - 1) * kFurtherLanguage;
  }
  return bytes;
}

// A quarter of the limit, or less where one executor would not fit beside it.
std::uint64_t AutoBudget(std::uint64_t limit, std::uint64_t zygotes) {
  const std::uint64_t beside = Minus(limit, kService + zygotes + (zygotes != 0 ? kLeastShare : 0));
  return WholeMiB(std::max(kLeastBudget, std::min(limit / 4, beside)));
}

bool IsKept(const QueueConfig& queue) { return HasProcess(queue) && queue.RecycleAfter() > 1; }

// Processes of this queue that keep a job's memory while none of its jobs runs. Executors: one is
// made only where none waits, and no more work at once than there are slots. A worker program is
// there for each worker of the queue, and where it ends with its job the next one beside it.
std::size_t Kept(const QueueConfig& queue, std::size_t slots) {
  const std::size_t workers = queue.workers.value_or(slots);
  const std::size_t at_once = std::min(workers, slots);
  if (queue.HasPersistentWorkers()) return workers + (IsKept(queue) ? 0 : at_once);
  return IsKept(queue) ? at_once : 0;
}

// Whether it takes memory for a job that runs only.
bool IsPassing(const QueueConfig& queue) {
  return HasProcess(queue) && !IsKept(queue) && !queue.HasPersistentWorkers();
}

bool HasPassing(const Config& config) {
  return std::any_of(config.queues.begin(), config.queues.end(), IsPassing);
}

// What is kept and whose memory the configuration says, in bytes.
std::uint64_t FixedBytes(const Config& config, std::size_t slots) {
  std::uint64_t bytes = 0;
  for (const QueueConfig& queue : config.queues) {
    bytes += Kept(queue, slots) * queue.isolation.memory.value_or(0);
  }
  return bytes;
}

// Those among them whose number does not depend on the slots: where other queues share the slots,
// there are as many of these as fit beside them.
std::uint64_t BesideSlots(const Config& config) {
  if (!HasPassing(config)) return 0;
  std::uint64_t bytes = 0;
  for (const QueueConfig& queue : config.queues) {
    if (!queue.HasPersistentWorkers()) continue;
    bytes += queue.workers.value_or(0) * queue.isolation.memory.value_or(0);
  }
  return bytes;
}

// An equal share for every process that may be there at once with a job's memory and has `auto`.
std::uint64_t Share(const Config& config, const Plan& plan, std::uint64_t zygotes) {
  std::size_t sharers = HasPassing(config) ? plan.slots : 0;
  for (const QueueConfig& queue : config.queues) {
    if (!queue.isolation.memory) sharers += Kept(queue, plan.slots);
  }
  const std::uint64_t left =
      Minus(plan.memory_limit, plan.budget + zygotes + kService + FixedBytes(config, plan.slots));
  return std::clamp(WholeMiB(left / std::max<std::size_t>(sharers, 1)), kLeastShare,
                    kAutoExecutorMemory);
}

// The terms of the sum, in bytes.
struct Needs {
  std::uint64_t executor = 0;  // the largest of those that pass with their job
  std::uint64_t recycled = 0;
  std::uint64_t persistent = 0;
  std::uint64_t zygotes = 0;

  [[nodiscard]] std::uint64_t Sum(const Plan& plan) const {
    return plan.slots * executor + recycled + persistent + zygotes + plan.budget + kService;
  }
};

Needs NeedsOf(const Config& config, const Plan& plan, std::uint64_t zygotes) {
  Needs needs;
  needs.zygotes = zygotes;
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const QueueConfig& queue = config.queues[i];
    const std::uint64_t memory = plan.executor_memory[i];
    const std::uint64_t kept = Kept(queue, plan.slots) * memory;
    (queue.HasPersistentWorkers() ? needs.persistent : needs.recycled) += kept;
    if (IsPassing(queue)) needs.executor = std::max(needs.executor, memory);
  }
  return needs;
}

std::string Term(std::uint64_t bytes, const char* what) {
  return bytes == 0 ? "" : fmt::format(" + {} for {}", FormatSize(bytes), what);
}

Status CheckFits(const Config& config, const Plan& plan, std::uint64_t zygotes) {
  const Needs needs = NeedsOf(config, plan, zygotes);
  const std::uint64_t sum = needs.Sum(plan);
  if (sum <= plan.memory_limit) return Ok();
  std::string text = fmt::format(
      "memory does not suffice: {} slots x {} per executor{}{} + {} for zygotes + {} memory.budget "
      "+ {} for the service = {}, the limit is {}; lower server.slots, memory.budget{} or "
      "isolation.memory",
      plan.slots, FormatSize(needs.executor), Term(needs.recycled, "recycled executors"),
      Term(needs.persistent, "persistent workers"), FormatSize(zygotes), FormatSize(plan.budget),
      FormatSize(kService), FormatSize(sum), FormatSize(WholeMiB(plan.memory_limit)),
      needs.persistent == 0 ? "" : ", workers of queues with protocol: frames");
  return Error{ErrorCode::kInvalidArgument, "memory-plan", std::move(text), "", 0};
}

}  // namespace

Expected<Plan> MakePlan(const Config& config, const std::string& root, std::size_t cores) {
  const std::uint64_t zygotes = ZygoteBytes(config);
  Plan plan;
  plan.memory_limit = MemoryLimit(root);
  plan.budget = config.budget.value_or(AutoBudget(plan.memory_limit, zygotes));
  const SlotCount counted = AutoSlots({plan.budget, zygotes + BesideSlots(config), root, cores});
  plan.slots = config.slots.value_or(counted.slots);
  plan.slots_reason = config.slots ? "server.slots" : counted.reason;

  const std::uint64_t share = Share(config, plan, zygotes);
  for (const QueueConfig& queue : config.queues) {
    plan.workers.push_back(queue.workers.value_or(plan.slots));
    plan.executor_memory.push_back(HasProcess(queue) ? queue.isolation.memory.value_or(share) : 0);
  }
  if (auto fits = CheckFits(config, plan, zygotes); !fits) return std::move(fits).error();
  return plan;
}

Expected<Plan> Replan(const Config& config, const Plan& running) {
  Plan plan = running;
  plan.workers.clear();
  for (const QueueConfig& queue : config.queues) {
    plan.workers.push_back(queue.workers.value_or(plan.slots));
  }
  if (auto fits = CheckFits(config, plan, ZygoteBytes(config)); !fits) {
    return std::move(fits).error();
  }
  return plan;
}

}  // namespace headrace
