#include "handler/job_result.h"

#include <fmt/format.h>

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
  if (task && *task != turn_) {
    waiting_[*task].push_back(std::move(part));
  } else {
    PassOn(std::move(part));
  }
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
    for (ResultPart& part : next.mapped()) PassOn(std::move(part));
  }
}

void JobResult::PassOn(ResultPart part) {
  on_part_ ? on_part_(std::move(part)) : parts_.push_back(std::move(part));
}

}  // namespace headrace
