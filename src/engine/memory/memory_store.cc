#include "engine/memory/memory_store.h"

#include <utility>

namespace headrace {
namespace {

// A record with its strings and its node, about.
std::size_t WeightOf(const KeptJob& job) {
  constexpr std::size_t kFixed = 1024;
  std::size_t weight = kFixed + job.media_type.size() + job.webhook_url.size();
  for (const auto& [name, value] : job.params) weight += name.size() + value.size() + 64;
  return weight;
}

bool Fits(const RecordFilter& filter, const JobRecord& record) {
  return (!filter.tenant || *filter.tenant == record.job.tenant) &&
         (!filter.queue || *filter.queue == record.job.queue) &&
         (!filter.state || *filter.state == record.state);
}

// The end as it was, with its bytes.
std::optional<JobEnd> DropParts(JobRecord& record) {
  std::optional<JobEnd> whole = record.end;
  record.end->outcome.parts.clear();
  record.result_dropped = true;
  return whole;
}

// Copies no part: a result may have thousands, and this is done under the lock.
JobRecord WithoutParts(const JobRecord& record) {
  JobRecord copy;
  copy.job = record.job;
  copy.state = record.state;
  copy.result_dropped = record.result_dropped;
  if (!record.end) return copy;
  JobEnd& end = copy.end.emplace();
  end.outcome.state = record.end->outcome.state;
  end.outcome.error = record.end->outcome.error;
  end.outcome.timings = record.end->outcome.timings;
  end.ended = record.end->ended;
  end.keep = record.end->keep;
  return copy;
}

JobRecord CopyWith(const PartBytes& bytes, const JobRecord& record) {
  JobRecord copy = record;
  if (!copy.end) return copy;
  for (ResultPart& part : copy.end->outcome.parts) {
    if (!bytes.Wants(part.name)) part.bytes = {};
  }
  return copy;
}

}  // namespace

Expected<JobStore::Recovered> MemoryStore::Recover(const std::vector<std::string>& queues) {
  Recovered recovered;
  for (std::size_t tag = 0; tag < queues.size(); ++tag) recovered.tags.push_back(tag);
  return recovered;
}

void MemoryStore::Insert(const KeptJob& job, const Payload& payload, Done done) {
  {
    Entry entry;
    entry.record.job = job;
    entry.payload = payload;
    entry.record.job.payload_size = payload.size();
    if (ledger_ != nullptr) {
      entry.charge = ledger_->ChargeAnyway(MemoryUse::kResults, WeightOf(job));
    }
    const MutexLock lock(mu_);
    const auto at = entries_.insert_or_assign(job.id, std::move(entry)).first;
    if (!job.tenant.empty()) by_tenant_[job.tenant].emplace(at->first, &at->second.record);
  }
  done(Ok());
}

MemoryStore::Entry* MemoryStore::Find(std::string_view id) {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : &at->second;
}

void MemoryStore::Begin(std::string_view id, std::uint32_t attempt, UtcTime started) {
  const MutexLock lock(mu_);
  Entry* const entry = Find(id);
  if (entry == nullptr || entry->record.end) return;
  entry->record.state = JobState::kRunning;
  entry->record.job.attempt = attempt;
  entry->record.job.started = started;
}

void MemoryStore::Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                         const std::optional<Error>& error, Done done) {
  {
    const MutexLock lock(mu_);
    Entry* const entry = Find(id);
    if (entry != nullptr && !entry->record.end) {
      entry->record.state = JobState::kWaiting;
      entry->record.job.attempt = attempt;
      entry->record.job.not_before = not_before;
      entry->record.job.last_error = error;
    }
  }
  done(Ok());
}

void MemoryStore::End(std::string_view id, const JobEnd& end, Done done) {
  {
    const MutexLock lock(mu_);
    Entry* const entry = Find(id);
    if (entry != nullptr && !entry->record.end) End(*entry, end);
  }
  done(Ok());
}

void MemoryStore::End(Entry& entry, const JobEnd& end) {
  entry.record.state = end.outcome.state;
  entry.record.end = end;
  for (ResultPart& part : entry.record.end->outcome.parts) part.whole_size = part.bytes.size();
  entry.payload = {};
  entry.record.job.params.clear();
  entry.delivering = end.tells_webhook;
  if (end.frees_key) entry.record.job.idempotency.reset();
  timer_.Schedule(Deadline::After(end.keep), [this, id = entry.record.job.id] { Expire(id); });
}

void MemoryStore::Expire(const std::string& id) {
  Entries::node_type gone;  // with its bytes, destroyed outside the lock, as the next one
  std::optional<JobEnd> dropped;
  const MutexLock lock(mu_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.over = true;
  if (entry.delivering) {
    dropped = DropParts(entry.record);
    return;
  }
  const auto tenant = by_tenant_.find(entry.record.job.tenant);
  if (tenant != by_tenant_.end()) {
    tenant->second.erase(at->first);
    if (tenant->second.empty()) by_tenant_.erase(tenant);
  }
  gone = entries_.extract(at);
}

void MemoryStore::DropResult(std::string_view id, Done done) {
  {
    std::optional<JobEnd> gone;
    const MutexLock lock(mu_);
    Entry* const entry = Find(id);
    if (entry != nullptr && entry->record.end) {
      gone = DropParts(entry->record);
      entry->record.job.idempotency.reset();
    }
  }
  done(Ok());
}

void MemoryStore::Load(std::string_view id, const PartBytes& bytes, Found found) {
  std::optional<JobRecord> record;
  {
    const MutexLock lock(mu_);
    const Entry* const entry = Find(id);
    if (entry != nullptr) record = CopyWith(bytes, entry->record);
  }
  found(std::move(record));
}

void MemoryStore::List(const RecordFilter& filter, Listed listed) { listed(Newest(filter)); }

template <class Index>
RecordPage MemoryStore::NewestOf(const Index& index, const RecordFilter& filter) {
  RecordPage page;
  auto at = filter.before.empty() ? index.end() : index.lower_bound(filter.before);
  for (std::size_t looked = 0; at != index.begin(); ++looked) {
    if (looked == filter.looks) {
      page.next = at->first;
      break;
    }
    const JobRecord& record = RecordOf((--at)->second);
    if (!Fits(filter, record)) continue;
    if (page.records.size() == filter.limit) {
      page.next = page.records.back().job.id;
      break;
    }
    page.records.push_back(WithoutParts(record));
  }
  return page;
}

RecordPage MemoryStore::Newest(const RecordFilter& filter) const {
  const MutexLock lock(mu_);
  if (!filter.tenant || filter.tenant->empty()) return NewestOf(entries_, filter);
  const auto own = by_tenant_.find(*filter.tenant);
  return own == by_tenant_.end() ? RecordPage() : NewestOf(own->second, filter);
}

Expected<Payload> MemoryStore::LoadPayload(std::string_view id) {
  const MutexLock lock(mu_);
  const Entry* const entry = Find(id);
  if (entry != nullptr && !entry->record.end) return entry->payload;
  return Error{ErrorCode::kNotFound, "payload-lost", "the payload is not kept", {}};
}

void MemoryStore::SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next,
                              Done done) {
  bool over = false;
  {
    const MutexLock lock(mu_);
    Entry* const entry = Find(id);
    if (entry != nullptr) {
      entry->delivering = next.has_value();
      over = entry->over && !next;
    }
  }
  if (over) Expire(id);
  done(Ok());
}

}  // namespace headrace
