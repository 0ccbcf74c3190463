// What is compared with what the engine promises.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "manual_timer.h"
#include "world.h"

namespace headrace::model {

void World::Blame(const std::string& what) {
  if (wrong_.empty()) wrong_ = what;
}

std::string World::Wrong() const {
  if (wrong_.empty()) return {};
  static constexpr std::array kNames{"push",  "claim",   "succeed",     "fail",   "judge",
                                     "retry", "release", "late",        "cancel", "drop",
                                     "timer", "commit",  "write fails", "crash"};
  std::string text = wrong_ + " after:";
  for (const Action& action : trace_) {
    text += fmt::format(" {} {},", kNames.at(static_cast<std::size_t>(action.kind)), action.which);
  }
  return text;
}

void World::OnPushed(std::size_t which, const PushAnswer& answer) {
  Job& job = jobs_[which];
  if (job.answer) return Blame("a push was answered twice");
  job.answer = answer;
  const int key = scenario_.jobs[which].key;
  if (answer.result == PushResult::kAccepted) {
    job.acknowledged = true;
    if (answer.id != job.id) Blame("it was accepted as another one");
    CheckDisk(job.id);
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const bool holds = i != which && !job.freed && scenario_.jobs[i].key == key && key >= 0 &&
                         jobs_[i].acknowledged && !jobs_[i].freed;
      if (holds) Blame("two jobs were accepted with one key");
    }
  }
  if (answer.result == PushResult::kExisting) {
    const std::size_t first = IndexOf(answer.id);
    if (first >= jobs_.size() || scenario_.jobs[first].key != key)
      return Blame("whose job is that?");
    jobs_[first].acknowledged = true;  // to this client, at least
    CheckDisk(answer.id);
  }
  if (answer.result == PushResult::kFull && engine_->Unfinished().size() < scenario_.capacity + 2) {
    Blame("it was refused beside a free place");
  }
}

// What was acknowledged is on the disk.
void World::CheckDisk(const std::string& id) {
  if (!disk_.records.contains(id)) Blame("it was acknowledged before it was on the disk");
}

// The engine says that the job has ended so.
void World::OnEnd(std::size_t which, JobState state) {
  if (which >= jobs_.size()) return Blame("nobody knows the job that has ended");
  if (++jobs_[which].ends > 1) Blame("the end was told twice");
  CheckEnded(which, state);
  Tell(jobs_[which], state);
}

void World::CheckEnded(std::size_t which, JobState state) {
  const auto record = disk_.records.find(jobs_[which].id);
  if (record == disk_.records.end() || !record->second.end) {
    Blame("an end was told before it was on the disk");
  } else if (record->second.state != state) {
    Blame("another end was told than the disk has");
  }
}

void World::Tell(Job& job, JobState state) {
  if (job.told && *job.told != state) Blame("two ends were told");
  job.told = state;
}

void World::CheckStep() {
  const QueueFigures figures = engine_->Figures(0);
  const std::uint64_t ended =
      figures.succeeded + figures.failed + figures.cancelled + figures.expired;
  if (figures.accepted + figures.recovered != ended + figures.waiting + figures.running) {
    Blame("the figures do not add up");
  }
  std::size_t running = 0;
  for (const Worker& worker : workers_) running += worker.job != nullptr ? 1U : 0U;
  if (figures.running != running) Blame("others run than the workers have");
  if (engine_->Unfinished().size() > jobs_.size()) Blame("jobs come from nowhere");
  const bool saves_again =
      ManualTimers::Pending() > 0 &&
      ManualTimers::DeadlineOf(0) < SteadyClock::now() + std::chrono::minutes(30);
  if (store_->Pending() == 0 && !saves_again) CheckRunning();
  for (const Job& job : jobs_) {
    const auto record = disk_.records.find(job.id);
    if (job.acknowledged && record == disk_.records.end()) Blame("an acknowledged job is lost");
    if (record == disk_.records.end() || !record->second.end || !job.told) continue;
    if (record->second.state != *job.told) Blame("another end was told than the disk has");
  }
}

// What the workers have is what runs on the disk, once all is written.
void World::CheckRunning() {
  std::size_t on_disk = 0;
  for (const auto& [id, record] : disk_.records) {
    on_disk += !record.end && record.state == JobState::kRunning ? 1U : 0U;
  }
  for (const Worker& worker : workers_) {
    on_disk -= worker.job && !disk_.records.at(worker.job->id).end ? 1U : 0U;
  }
  if (on_disk != 0) Blame("the disk has others running than the workers");
}

void World::CheckEnd() {
  const QueueFigures figures = engine_->Figures(0);
  if (figures.waiting + figures.running > 0 || !engine_->Unfinished().empty()) {
    Blame("a job is stuck");
  }
  for (const Job& job : jobs_) {
    const auto record = disk_.records.find(job.id);
    if (job.pushed && !job.answer && !job.answer_lost) Blame("a push was never answered");
    if (record == disk_.records.end()) continue;
    if (!record->second.end) return Blame("a job has not ended on the disk");
    const bool heard =
        job.told || job.cancel_asked || !job.answer || job.answer->result != PushResult::kAccepted;
    if (!heard && crashes_ == scenario_.crashes) Blame("nobody heard of an end");
  }
  if (wrong_.empty()) CheckKeys();
}

// Of each key at most one job is left that holds it, and the next request with it gets that job.
void World::CheckKeys() {
  std::map<int, std::string> holders;
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const auto record = disk_.records.find(jobs_[i].id);
    const bool holds = record != disk_.records.end() && record->second.job.idempotency &&
                       !record->second.result_dropped;
    if (holds && !holders.emplace(scenario_.jobs[i].key, jobs_[i].id).second) {
      return Blame("two jobs hold one key on the disk");
    }
  }
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const int key = scenario_.jobs[i].key;
    if (key < 0) continue;
    const bool held = engine_->HoldsKey(0, "", "key-" + std::to_string(key));
    if (held != holders.contains(key)) return Blame("a key is held otherwise than on the disk");
    if (!held || jobs_[i].id != holders.at(key)) continue;
    auto probe = std::make_shared<QueuedJob>(*jobs_[i].pushed);
    probe->id = "probe";
    std::string first = "nobody";
    engine_->Push(probe, [&first](const PushAnswer& answer) { first = answer.id; });
    if (first != holders.at(key)) Blame("a key leads to another job than on the disk");
  }
}

// All that decides what may come. Two runs that come to the same are the same from then on.
std::string World::StateText() const {
  std::string text = fmt::format("{} {} {} {}|", crashes_, failures_, cancels_, preemptions_);
  for (const Job& job : jobs_) {
    text += fmt::format("{:d}{:d}{:d}{:d}{:d}{:d}{}{}", job.pushed != nullptr, job.acknowledged,
                        job.answer_lost, job.freed, job.cancel_asked, job.drop_asked,
                        job.answer ? static_cast<int>(job.answer->result) : -1,
                        job.told ? static_cast<int>(*job.told) : -1) +
            std::to_string(job.ends_as ? static_cast<int>(*job.ends_as) : -1);
    const auto at = disk_.records.find(job.id);
    if (at != disk_.records.end()) {
      const JobRecord& record = at->second;
      text += fmt::format("d{}{}{:d}{:d}{:d}", static_cast<int>(record.state), record.job.attempt,
                          record.end.has_value(), record.result_dropped,
                          record.job.idempotency.has_value());
    }
    text += '|';
  }
  for (const Worker& worker : workers_) {
    text += fmt::format("w{}{}{}", worker.job ? IndexOf(worker.job->id) : 9,
                        worker.judged ? static_cast<int>(*worker.judged) : -1,
                        worker.lost ? worker.lost->id : "");
  }
  std::map<std::size_t, std::string> in_engine;
  for (const JobPtr& job : engine_->Unfinished()) {
    in_engine[IndexOf(job->id)] = fmt::format("{}{}{}", job->attempt, job->payload.size() > 0,
                                              static_cast<int>(job->cancel.reason()));
  }
  for (const auto& [index, what] : in_engine) text += fmt::format("e{}{}", index, what);
  for (const auto& [kind, id] : store_->Describe()) text += fmt::format("{}{}", kind, IndexOf(id));
  for (std::size_t i = 0; i < ManualTimers::Pending(); ++i) {
    text += fmt::format("t{}", std::chrono::round<std::chrono::hours>(ManualTimers::DeadlineOf(i) -
                                                                      SteadyClock::now())
                                   .count());
  }
  const QueueFigures figures = engine_->Figures(0);
  return text + fmt::format("f{} {} {}", figures.waiting, figures.running, figures.waiting_bytes) +
         fmt::format("k{:d}{:d}", engine_->HoldsKey(0, "", "key-0"),
                     engine_->HoldsKey(0, "", "key-1"));
}

}  // namespace headrace::model
