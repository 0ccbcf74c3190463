#pragma once

#include "base/queued_job.h"
#include "engine/engine.h"
#include "engine/kept_job.h"

namespace headrace {

// Between a job as the service works on it and as a store keeps it.

// `begun`: its attempt counts.
[[nodiscard]] KeptJob KeptOf(const QueuedJob& job, bool begun);
// Without payload; it waits for its next attempt.
[[nodiscard]] std::shared_ptr<QueuedJob> JobOf(const KeptJob& kept, QueueIndex queue);
// What is told of an unfinished job.
[[nodiscard]] JobStatus StatusOf(const QueuedJob& job, JobState state, std::size_t position);

// Whether a job that ended so frees its Idempotency-Key: doing it again may end otherwise.
[[nodiscard]] bool FreesKey(const Outcome& outcome);

// How long a job that is ended from outside has waited and, if it runs, run. What that cost only
// its worker learns.
[[nodiscard]] JobTimings TimingsSoFar(const QueuedJob& job, bool runs);

// Ends that the engine itself finds.
[[nodiscard]] Outcome ExpiredUnrun();  // nobody ran it in time
[[nodiscard]] Outcome CancelledUnrun();
[[nodiscard]] Outcome PayloadLost(const Error& error);
[[nodiscard]] Outcome Poisoned(const KeptJob& job);  // no attempt is left for it

}  // namespace headrace
