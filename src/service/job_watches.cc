#include "service/job_watches.h"

#include <chrono>
#include <set>
#include <utility>
#include <vector>

namespace headrace {
namespace {

// How often a job that is watched is asked for its progress.
constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

void JobWatches::Add(const JobRef& job, std::weak_ptr<JobWatcher> watcher) {
  const MutexLock lock(mu_);
  watchers_.emplace(job.id, Watch{job.tenant, std::move(watcher)});
  if (!std::exchange(looking_, true)) LookLater();
}

bool JobWatches::Any(std::string_view id) const {
  const MutexLock lock(mu_);
  return !watchers_.empty() && watchers_.find(id) != watchers_.end();
}

std::vector<std::shared_ptr<JobWatcher>> JobWatches::Of(const std::string& id,
                                                        const std::string* tenant) const {
  std::vector<std::shared_ptr<JobWatcher>> alive;
  const MutexLock lock(mu_);
  const auto [begin, end] = watchers_.equal_range(id);
  for (auto at = begin; at != end; ++at) {
    if (tenant != nullptr && at->second.tenant != *tenant) continue;
    if (auto watcher = at->second.watcher.lock()) alive.push_back(std::move(watcher));
  }
  return alive;
}

void JobWatches::Tell(const std::string& id, const std::shared_ptr<const JobStatus>& status) {
  for (const auto& watcher : Of(id, &status->record.job.tenant)) watcher->OnStatus(status);
}

void JobWatches::LookLater() {
  timer_.Schedule(Deadline::After(kLookEvery), [this] { LookAtAll(); });
}

void JobWatches::LookAtAll() {
  std::set<std::string> ids;
  {
    const MutexLock lock(mu_);
    std::erase_if(watchers_, [](const auto& entry) { return entry.second.watcher.expired(); });
    looking_ = !watchers_.empty();
    if (!looking_) return;
    for (const auto& [id, watcher] : watchers_) ids.insert(id);
    LookLater();
  }
  for (const std::string& id : ids) {
    look_(id, [this, id](Expected<std::optional<JobStatus>> found) {
      if (!found) return;  // asked again later
      if (*found) return Tell(id, std::make_shared<const JobStatus>(**std::move(found)));
      for (const auto& watcher : Of(id, nullptr)) watcher->OnGone();
    });
  }
}

}  // namespace headrace
