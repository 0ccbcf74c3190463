#include "handler/job_result.h"

#include <fmt/format.h>

#include <utility>

#include "handler/outcomes.h"

namespace headrace {

bool JobResult::Announce(std::uint32_t tasks) {
  if (!tasks_) tasks_ = tasks;
  return tasks_ == tasks;
}

std::optional<std::uint32_t> JobResult::NextTask() {
  if (!HasTasks()) return std::nullopt;
  open_.insert(next_task_);
  return next_task_++;
}

Status JobResult::Charge(std::uint64_t bytes) {
  if (bytes > max_result_ - total_) {
    return ResultTooLarge(max_result_, fmt::format("{} bytes after {}", bytes, total_));
  }
  if (count_ == kMaxParts) return ResultTooLarge(max_result_, "too many parts");
  total_ += bytes;
  ++count_;
  return Ok();
}

void JobResult::Add(std::optional<std::uint32_t> task, ResultPart part) {
  const bool in_turn = !task || *task == turn_;
  if (in_turn && on_part_) return on_part_(std::move(part));
  Ledger::Charge charge = store_.Hold(part);
  (in_turn ? parts_ : waiting_[*task]).push_back({std::move(part), std::move(charge)});
}

void JobResult::TellProgress(JobProgress::Steps steps) const {
  if (progress_ != nullptr && !tasks_) progress_->Set(steps);
}

void JobResult::Complete(std::uint32_t task) {
  ++completed_;
  if (progress_ != nullptr) progress_->Set({completed_, tasks_.value_or(0)});
  open_.erase(task);
  turn_ = open_.empty() ? next_task_ : *open_.begin();
  while (!waiting_.empty() && waiting_.begin()->first <= turn_) {
    auto next = waiting_.extract(waiting_.begin());
    for (Held& held : next.mapped()) PassOn(std::move(held));
  }
}

void JobResult::PassOn(Held held) {
  if (!on_part_) return parts_.push_back(std::move(held));
  held.charge.Free();  // who takes it accounts for it
  on_part_(std::move(held.part));
}

std::vector<ResultPart> JobResult::Take() {
  std::vector<ResultPart> parts;
  parts.reserve(parts_.size());
  for (Held& held : std::exchange(parts_, {})) parts.push_back(std::move(held.part));
  return parts;
}

}  // namespace headrace
