#include "handler/pool/job_drive.h"

#include <algorithm>
#include <utility>

namespace headrace {
namespace {

using End = ExecutorDrive::End;

// The first executor is told its next task before it has done the one it works on, so that it need
// not wait; a helper is not, so that its slot comes back after one.
constexpr std::size_t kLeadTasks = 2;
constexpr std::size_t kHelperTasks = 1;

}  // namespace

JobDrive::JobDrive(const QueuedJob& job, int payload_memfd, int cancel_fd, Options options)
    : job_(job),
      payload_memfd_(payload_memfd),
      cancel_fd_(cancel_fd),
      options_(options),
      result_(options.max_result, job.on_part, &job.progress, options.store) {}

void JobDrive::Start(ExecutorProcess executor) {
  workers_.emplace_back(std::move(executor), result_,
                        ExecutorDrive::Limits{options_.jobs, kLeadTasks});
  workers_.back().drive.Send(job_, payload_memfd_);
}

ExecutorDrive::Report JobDrive::Run() {
  while (!Unwanted() && !Watch()) TakeHelp();
  return Conclude();
}

bool JobDrive::Unwanted() {
  const CancelReason cancelled = job_.cancel.reason();
  const bool late = cancelled == CancelReason::kDeadline || job_.deadline.Passed();
  if (!late && cancelled == CancelReason::kNone) return false;
  decides_ = &workers_.front();
  decides_->drive.Stop(late ? End::kDeadline : End::kCancelled);
  return true;
}

// One look at all of them, and at the token.
bool JobDrive::Watch() {
  std::vector<pollfd> polled{{cancel_fd_, POLLIN, 0}};
  Deadline until = job_.deadline;
  for (Worker& worker : workers_) {
    polled.push_back({worker.over ? -1 : worker.drive.socket(), POLLIN, 0});
    polled.push_back({worker.over ? -1 : worker.drive.pidfd(), POLLIN, 0});
    if (!worker.over) until = std::min(until, worker.drive.must_end_by());
  }
  poll(polled.data(), polled.size(), until.PollTimeout());
  return LookAt(polled);
}

bool JobDrive::LookAt(const std::vector<pollfd>& polled) {
  const bool wants_back = options_.helpers != nullptr && options_.helpers->WantsBack();
  std::size_t at = 1;
  for (auto worker = workers_.begin(); worker != workers_.end(); at += 2) {
    const auto current = worker++;
    if (current->over) continue;
    if (wants_back && current->slot) current->drive.TakeNoMore();
    if (!current->drive.OnNews(polled[at].revents, polled[at + 1].revents)) continue;
    if (OnEnd(*current)) return true;
    if (current->slot) workers_.erase(current);
  }
  return workers_.front().over && workers_.size() == 1;
}

// One of them has ended, and so has the job unless all is well.
bool JobDrive::OnEnd(Worker& worker) {
  worker.over = true;
  const End end = worker.drive.end();
  // A helper that could not begin is no loss.
  const bool well = end == End::kDone || (end == End::kUnfit && worker.slot);
  if (!well) {
    decides_ = &worker;
  } else if (worker.slot) {
    Use(worker.drive.Finish().process);
  }
  return !well;
}

void JobDrive::TakeHelp() {
  while (options_.helpers != nullptr && result_.HasTasks(workers_.size())) {
    auto helper = options_.helpers->TryTake();
    if (!helper) return;
    workers_.emplace_back(std::move(helper->executor), result_,
                          ExecutorDrive::Limits{1, kHelperTasks});
    workers_.back().slot = std::move(helper->slot);
    workers_.back().drive.Send(job_, payload_memfd_);
  }
}

void JobDrive::Use(const ProcessEnd& process) {
  others_cpu_ += process.cpu;
  others_peak_ = std::max(others_peak_, process.peak_memory);
}

// Ends what still works, and adds up what all have used.
ExecutorDrive::Report JobDrive::Conclude() {
  if (decides_ == nullptr) decides_ = &workers_.front();
  ExecutorDrive::Report report = decides_->drive.Finish();
  for (Worker& worker : workers_) {
    if (&worker != decides_) Use(worker.drive.Finish().process);
  }
  if (report.end == End::kDone) report.parts = result_.Take();
  report.process.cpu += others_cpu_;
  report.process.peak_memory = std::max(report.process.peak_memory, others_peak_);
  return report;
}

}  // namespace headrace
