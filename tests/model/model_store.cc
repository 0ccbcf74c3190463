#include "model_store.h"

#include <set>
#include <utility>

namespace headrace::model {

Expected<JobStore::Recovered> ModelStore::Recover(const std::vector<std::string>& queues) {
  Recovered recovered;
  for (std::size_t tag = 0; tag < queues.size(); ++tag) recovered.tags.push_back(tag);
  std::set<std::string> keys;
  for (auto at = disk_.order.rbegin(); at != disk_.order.rend(); ++at) {
    auto& idempotency = disk_.records.at(at->second).job.idempotency;
    if (idempotency && !keys.insert(idempotency->key).second) idempotency.reset();
  }
  for (const auto& [number, id] : disk_.order) {
    JobRecord& record = disk_.records.at(id);
    KeptJob job = record.job;
    if (!record.end) {
      record.state = JobState::kWaiting;
      recovered.unfinished.push_back(job);
    } else if (job.idempotency && !record.result_dropped) {
      job.deadline = Deadline::After(record.end->keep);
      recovered.held_keys.push_back(job);
    }
  }
  if (fault_ == Fault::kDoubles && !recovered.unfinished.empty()) {
    KeptJob copy = recovered.unfinished.back();
    recovered.unfinished.push_back(std::move(copy));
  }
  return recovered;
}

void ModelStore::Add(Write write) {
  if (crashed_) return;
  pending_.push_back(std::move(write));
}

JobRecord* ModelStore::FindUnfinished(const std::string& id) {
  const auto at = disk_.records.find(id);
  return at == disk_.records.end() || at->second.end ? nullptr : &at->second;
}

void ModelStore::Insert(const KeptJob& job, const Payload& payload, Done done) {
  on_call_();
  if (fault_ == Fault::kTellsTooEarly) {
    done(Ok());
    done = nullptr;
  }
  const auto apply = [this, job, payload, number = disk_.next_number++] {
    disk_.records[job.id].job = job;
    disk_.payloads[job.id] = payload;
    disk_.order.emplace(number, job.id);
  };
  Add({'I', job.id, apply, std::move(done), nullptr});
}

void ModelStore::Begin(std::string_view id, std::uint32_t attempt, UtcTime started) {
  on_call_();
  const auto apply = [this, id = std::string(id), attempt, started] {
    JobRecord* const record = FindUnfinished(id);
    if (record == nullptr) return;
    record->state = JobState::kRunning;
    record->job.attempt = attempt;
    record->job.started = started;
  };
  Add({'B', std::string(id), apply, nullptr, nullptr});
}

void ModelStore::Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                        const std::optional<Error>& error, Done done) {
  on_call_();
  const auto apply = [this, id = std::string(id), attempt, not_before, error] {
    JobRecord* const record = FindUnfinished(id);
    if (record == nullptr) return;
    record->state = JobState::kWaiting;
    record->job.attempt = attempt;
    record->job.not_before = not_before;
    record->job.last_error = error;
  };
  Add({'R', std::string(id), apply, std::move(done), nullptr});
}

void ModelStore::End(std::string_view id, const JobEnd& end, Done done) {
  on_call_();
  const auto apply = [this, id = std::string(id), end] {
    JobRecord* const record = FindUnfinished(id);
    if (record == nullptr || fault_ == Fault::kForgetsEnds) return;
    record->state = end.outcome.state;
    record->end = end;
    if (end.frees_key) record->job.idempotency.reset();
  };
  Add({'E', std::string(id), apply, std::move(done), nullptr});
}

void ModelStore::DropResult(std::string_view id, Done done) {
  on_call_();
  const auto apply = [this, id = std::string(id)] {
    const auto at = disk_.records.find(id);
    if (at != disk_.records.end() && at->second.end) at->second.result_dropped = true;
  };
  Add({'D', std::string(id), apply, std::move(done), nullptr});
}

void ModelStore::Load(std::string_view id, const PartBytes& /*bytes*/, Found found) {
  on_call_();
  const auto then = [this, id = std::string(id), found = std::move(found)] {
    const auto at = disk_.records.find(id);
    found(at == disk_.records.end() ? std::nullopt : std::optional(at->second));
  };
  Add({'L', std::string(id), [] {}, nullptr, then});
}

void ModelStore::List(const RecordFilter& /*filter*/, Listed listed) { listed(RecordPage()); }

Expected<Payload> ModelStore::LoadPayload(std::string_view id) {
  const auto at = disk_.payloads.find(std::string(id));
  if (at != disk_.payloads.end()) return at->second;
  return Error{ErrorCode::kNotFound, "payload-lost", "the payload is not kept", {}};
}

void ModelStore::SetDelivery(const std::string& /*id*/,
                             const std::optional<PendingDelivery>& /*next*/, Done done) {
  done(Ok());
}

std::vector<std::size_t> ModelStore::Next() const {
  std::vector<std::size_t> next;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (seen.insert(pending_[i].id).second) next.push_back(i);
  }
  return next;
}

void ModelStore::Commit(std::size_t which) {
  const Write write = std::move(pending_[which]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
  write.apply();
  if (write.then) write.then();
  if (write.done) write.done(Ok());
}

void ModelStore::Fail(std::size_t which) {
  const Write write = std::move(pending_[which]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
  write.done(Error{ErrorCode::kUnavailable, "engine-down", "later", "the test says so", 1});
}

void ModelStore::Crash(const std::function<bool()>& lands) {
  crashed_ = true;
  std::set<std::string> cut;  // jobs of which a write was lost
  for (const Write& write : pending_) {
    if (write.kind == 'L' || cut.contains(write.id)) continue;
    if (lands()) {
      write.apply();
    } else {
      cut.insert(write.id);
    }
  }
  pending_.clear();
}

std::vector<std::pair<char, std::string>> ModelStore::Describe() const {
  std::vector<std::pair<char, std::string>> all;
  for (const Write& write : pending_) all.emplace_back(write.kind, write.id);
  return all;
}

}  // namespace headrace::model
