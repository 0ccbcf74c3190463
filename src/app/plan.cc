#include "app/plan.h"

#include <fmt/format.h>

#include <algorithm>

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

bool IsRecycling(const QueueConfig& queue) {
  return HasProcess(queue) && queue.isolation.recycle_after > 1;
}

// Executors of this queue that stay between jobs, with all the memory that they have got: one is
// made only where none waits, and no more work at once than there are slots.
std::size_t Kept(const QueueConfig& queue, std::size_t slots) {
  return IsRecycling(queue) ? std::min(queue.workers.value_or(slots), slots) : 0;
}

// Executors that may be there at once with a job's memory: on the slots, and those that are kept.
std::size_t MostExecutors(const Config& config, std::size_t slots) {
  std::size_t passing = 0;
  std::size_t kept = 0;
  for (const QueueConfig& queue : config.queues) {
    if (HasProcess(queue) && !IsRecycling(queue)) passing = slots;
    kept += Kept(queue, slots);
  }
  return std::max<std::size_t>(passing + kept, 1);
}

Status CheckFits(const Config& config, const Plan& plan, std::uint64_t zygotes) {
  std::uint64_t executor = 0;
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const std::uint64_t memory = plan.executor_memory[i];
    kept += Kept(config.queues[i], plan.slots) * memory;
    if (!IsRecycling(config.queues[i])) executor = std::max(executor, memory);
  }
  const std::uint64_t sum = plan.slots * executor + kept + zygotes + plan.budget + kService;
  if (sum <= plan.memory_limit) return Ok();
  std::string text = fmt::format(
      "memory does not suffice: {} slots x {} per executor{} + {} for zygotes + {} memory.budget + "
      "{} for the "
      "service = {}, the limit is {}; lower server.slots, memory.budget or isolation.memory",
      plan.slots, FormatSize(executor),
      kept == 0 ? "" : fmt::format(" + {} for recycled executors", FormatSize(kept)),
      FormatSize(zygotes), FormatSize(plan.budget), FormatSize(kService), FormatSize(sum),
      FormatSize(WholeMiB(plan.memory_limit)));
  return Error{ErrorCode::kInvalidArgument, "memory-plan", std::move(text), "", 0};
}

}  // namespace

Expected<Plan> MakePlan(const Config& config, const std::string& root, std::size_t cores) {
  const std::uint64_t zygotes = ZygoteBytes(config);
  Plan plan;
  plan.memory_limit = MemoryLimit(root);
  plan.budget = config.budget.value_or(AutoBudget(plan.memory_limit, zygotes));
  const SlotCount counted = AutoSlots({plan.budget, zygotes, root, cores});
  plan.slots = config.slots.value_or(counted.slots);
  plan.slots_reason = config.slots ? "server.slots" : counted.reason;

  const std::uint64_t left = Minus(plan.memory_limit, plan.budget + zygotes + kService);
  const std::uint64_t share = std::clamp(WholeMiB(left / MostExecutors(config, plan.slots)),
                                         kLeastShare, kAutoExecutorMemory);
  for (const QueueConfig& queue : config.queues) {
    plan.workers.push_back(queue.workers.value_or(plan.slots));
    plan.executor_memory.push_back(HasProcess(queue) ? queue.isolation.memory.value_or(share) : 0);
  }
  if (auto fits = CheckFits(config, plan, zygotes); !fits) return std::move(fits).error();
  return plan;
}

}  // namespace headrace
