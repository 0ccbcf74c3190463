#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/job_id.h"
#include "engine/job_store.h"
#include "support/event.h"
#include "support/folder.h"

namespace headrace {

// A job of queue "work" with nothing but what every job has.
inline KeptJob MakeKept(std::string tenant = {}) {
  KeptJob job;
  job.id += NewJobId(0);  // gcc 12 warns of a plain move here, by mistake
  job.queue = "work";
  job.tenant = std::move(tenant);
  job.accepted = UtcNow();
  return job;
}

inline ResultPart MakePart(const std::string& name, std::string bytes) {
  return {name, "text/plain", Payload::FromString(std::move(bytes)), 0x1234, {}};
}

inline JobEnd Succeeded(std::vector<ResultPart> parts = {}) {
  JobEnd end;
  end.outcome.state = JobState::kSucceeded;
  end.outcome.parts = std::move(parts);
  end.ended = UtcNow();
  return end;
}

inline JobEnd Ended(JobState state) {
  JobEnd end;
  end.outcome.state = state;
  end.outcome.error = Error{ErrorCode::kConflict, "cancelled", "by you", "", 0};
  end.ended = UtcNow();
  return end;
}

inline std::string TextOf(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The calls of a store, each waited for.
class Awaiting {
 public:
  explicit Awaiting(JobStore& store) : store_(store) {}

  Status Insert(const KeptJob& job, std::string payload = {}) {
    return Insert(job, Payload::FromString(std::move(payload)));
  }
  Status Insert(const KeptJob& job, const Payload& payload) {
    return Done([&](auto done) { store_.Insert(job, payload, done); });
  }
  Status Return(const std::string& id, std::uint32_t attempt,
                SteadyTime not_before = SteadyTime::min(), std::optional<Error> error = {}) {
    return Done([&](auto done) { store_.Return(id, attempt, not_before, error, done); });
  }
  Status End(const std::string& id, const JobEnd& end) {
    return Done([&](auto done) { store_.End(id, end, done); });
  }
  Status DropResult(const std::string& id) {
    return Done([&](auto done) { store_.DropResult(id, done); });
  }
  Status SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next) {
    return Done([&](auto done) { store_.SetDelivery(id, next, done); });
  }
  Expected<std::optional<JobRecord>> TryLoad(const std::string& id,
                                             const PartBytes& bytes = PartBytes::OfAll()) {
    return Answer<std::optional<JobRecord>>([&](auto found) { store_.Load(id, bytes, found); });
  }
  // Nothing if it failed, too.
  std::optional<JobRecord> Load(const std::string& id,
                                const PartBytes& bytes = PartBytes::OfAll()) {
    auto record = TryLoad(id, bytes);
    return record ? *std::move(record) : std::nullopt;
  }
  Expected<RecordPage> TryList(const RecordFilter& filter) {
    return Answer<RecordPage>([&](auto listed) { store_.List(filter, listed); });
  }
  // Their ids.
  std::vector<std::string> List(const RecordFilter& filter) {
    const auto page = TryList(filter);
    std::vector<std::string> ids;
    if (!page) return {"failed: " + page.error().detail};
    for (const JobRecord& record : page->records) ids.push_back(record.job.id);
    return ids;
  }

 private:
  template <class T>
  static Expected<T> Answer(const std::function<void(std::function<void(Expected<T>)>)>& call) {
    struct State {
      Event told;
      std::optional<Expected<T>> answer;
    };
    const auto state = std::make_shared<State>();
    call([state](Expected<T> answer) {
      state->answer.emplace(std::move(answer));
      state->told.Set();
    });
    if (!state->told.Wait()) return Error{ErrorCode::kInternal, "test", "nothing was told", "", 0};
    return *std::move(state->answer);
  }
  static Status Done(const std::function<void(JobStore::Done)>& call) {
    return Answer<std::monostate>(call);
  }

  JobStore& store_;
};

}  // namespace headrace
