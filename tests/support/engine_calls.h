#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "engine/engine.h"
#include "support/event.h"

namespace headrace {

// Calls of an engine that return what it tells by callback. They wait for it.
template <class Told, class Call>
Told WaitFor(Call call) {
  struct Shared {
    Event told;
    std::optional<Told> value;
  };
  const auto shared = std::make_shared<Shared>();
  call([shared](Told value) {
    shared->value.emplace(std::move(value));
    shared->told.Set();
  });
  if (!shared->told.Wait()) throw std::runtime_error("the engine told nothing");
  return *std::move(shared->value);
}

inline PushAnswer PushFor(Engine& engine, JobPtr job) {
  return WaitFor<PushAnswer>([&](auto told) { engine.Push(std::move(job), std::move(told)); });
}
inline PushResult PushTo(Engine& engine, JobPtr job) {
  return PushFor(engine, std::move(job)).result;
}

inline bool FinishAs(Engine& engine, std::string_view id, std::uint32_t attempt,
                     const Outcome& outcome) {
  return WaitFor<bool>([&](auto told) { engine.Finish(id, attempt, outcome, std::move(told)); });
}
inline bool FinishAs(Engine& engine, std::string_view id, std::uint32_t attempt, JobState state) {
  Outcome outcome;
  outcome.state = state;
  return FinishAs(engine, id, attempt, outcome);
}

inline CancelResult CancelFor(Engine& engine, std::string_view id, CancelReason reason) {
  Outcome outcome;
  outcome.state = reason == CancelReason::kDeadline ? JobState::kExpired : JobState::kCancelled;
  return WaitFor<CancelResult>(
      [&](auto told) { engine.Cancel(id, reason, outcome, std::move(told)); });
}

inline std::optional<JobStatus> StatusIn(Engine& engine, std::string_view id,
                                         const PartBytes& bytes = PartBytes::None()) {
  auto found = WaitFor<Expected<std::optional<JobStatus>>>(
      [&](auto told) { engine.Get(id, bytes, std::move(told)); });
  return found ? *std::move(found) : std::nullopt;
}

// The status of a kept job once it has ended.
inline JobStatus WaitUntilEnded(Engine& engine, std::string_view id) {
  std::optional<JobStatus> status;
  if (!Eventually([&] {
        status = StatusIn(engine, id);
        return status && status->record.end;
      })) {
    throw std::runtime_error("the job has not ended");
  }
  return *std::move(status);
}

}  // namespace headrace
