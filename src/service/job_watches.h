#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "base/timer.h"
#include "engine/engine.h"
#include "service/submission.h"

namespace headrace {

// Who wants to hear of a job's changes as they come. From any thread; must not block.
class JobWatcher {
 public:
  JobWatcher() = default;
  JobWatcher(const JobWatcher&) = delete;
  JobWatcher& operator=(const JobWatcher&) = delete;
  virtual ~JobWatcher() = default;
  virtual void OnStatus(const std::shared_ptr<const JobStatus>& status) = 0;
  virtual void OnGone() = 0;  // nothing is known of the job any more
};

// Who watches which job. A watcher that is destroyed is forgotten. Thread-safe.
class JobWatches {
 public:
  // Asks for the status of a job.
  using Look = std::function<void(const std::string& id, Engine::Found found)>;

  explicit JobWatches(Look look) : look_(std::move(look)) {}

  // From now on; what was before is to be asked for afterwards. Who asks for another tenant's job
  // hears nothing of it.
  void Add(const JobRef& job, std::weak_ptr<JobWatcher> watcher) EXCLUDES(mu_);
  // Whether it would reach anybody; cheap.
  [[nodiscard]] bool Any(std::string_view id) const EXCLUDES(mu_);
  // Nothing is looked at any more. Idempotent.
  void Stop() { timer_.Stop(); }
  // The job is in another state.
  void Tell(const std::string& id, const std::shared_ptr<const JobStatus>& status) EXCLUDES(mu_);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  struct Watch {
    std::string tenant;
    std::weak_ptr<JobWatcher> watcher;
  };

  // `tenant`: the job's; null: it is not known any more.
  [[nodiscard]] std::vector<std::shared_ptr<JobWatcher>> Of(const std::string& id,
                                                            const std::string* tenant) const
      EXCLUDES(mu_);
  void LookAtAll() EXCLUDES(mu_);
  void LookLater() REQUIRES(mu_);

  const Look look_;
  mutable Mutex mu_;
  std::unordered_multimap<std::string, Watch, Hash, std::equal_to<>> watchers_ GUARDED_BY(mu_);
  bool looking_ GUARDED_BY(mu_) = false;
  Timer timer_;  // last: its callback uses all above
};

}  // namespace headrace
