#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/payload.h"

namespace headrace {

enum class JobState { kWaiting, kRunning, kSucceeded, kFailed, kCancelled, kExpired };

inline constexpr std::array<JobState, 6> kJobStates{JobState::kWaiting,   JobState::kRunning,
                                                    JobState::kSucceeded, JobState::kFailed,
                                                    JobState::kCancelled, JobState::kExpired};

// "waiting", "running", ...: the words of the API, the logs and the metrics.
const char* ToString(JobState state);

// One named piece of a result.
struct ResultPart {
  std::string name;  // a plain file name, validated
  std::string media_type;
  Payload bytes;
  std::uint32_t crc32 =
      0;  // CRC-32 of the bytes (ISO 3309, as zip has it), as the executor told it
  // Of a piece of a part (PieceTaker): bytes of all its pieces, where that is known.
  std::optional<std::uint64_t> whole_size{};
};

// Where a job's time went. Zero where it did not get that far.
struct JobTimings {
  Seconds wait{0};                // from acceptance to claim
  Seconds run{0};                 // from claim to outcome
  Seconds cpu{0};                 // CPU time of the thread or of the executor
  std::uint64_t peak_memory = 0;  // bytes, the largest process; 0 where it is not known
};

// What a job ended as: one of the four final states, with its result or its error. Moved or shared,
// never changed after it is made.
struct Outcome {
  JobState state = JobState::kFailed;
  std::vector<ResultPart> parts;  // kSucceeded
  std::optional<Error> error;     // every other state
  JobTimings timings;
};

// One that is no success.
[[nodiscard]] Outcome EndedAs(JobState state, Error error);

}  // namespace headrace
