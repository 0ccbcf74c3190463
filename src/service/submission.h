#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/ledger.h"
#include "base/payload.h"
#include "engine/engine.h"
#include "handler/executor_figures.h"
#include "headrace/handler.h"
#include "service/key_ring.h"
#include "service/retry_policy.h"

namespace headrace {

// Admission's view of one configured queue.
struct ServiceQueue {
  QueueOptions options;                  // name, workers, capacity
  const HandlerInfo* handler = nullptr;  // outlives the service
  std::chrono::milliseconds deadline{60'000};
  std::chrono::milliseconds expected_run{1'000};  // predicts waits before the first job has ended
  std::size_t at_once = 0;                        // jobs that slots let run; 0: as many as workers
  std::string path;                               // second, short address; empty: none
  std::function<ExecutorState()> executors;       // thread-safe; null: its jobs run on threads
  bool sends_pieces = false;                      // a result may come in pieces while it is made
  std::chrono::milliseconds async_deadline{86'400'000};  // of a job that nobody waits for
  RetryPolicy retries;                                   // of kept jobs
  std::string webhook_url{};  // told of the end of kept jobs; empty: none
};

// Bodies are charged to the memory budget in steps of so many bytes, so that one of many small
// segments takes few of them.
inline constexpr std::uint64_t kUploadStep = std::uint64_t{256} << 10;

// A job as one asks for it who may see it.
struct JobRef {
  std::string id;
  std::string tenant{};  // the asker's; empty: nobody is told apart
};

// What the edge knows of a request before its body is read. What it has found wrong itself is told
// in the place that it has in Precheck's order.
struct Intake {
  std::optional<std::uint64_t> content_length;  // nothing: chunked
  std::string_view media_type;                  // without parameters; may be empty
  Params params{};                              // raw, of the query and the header fields
  std::vector<std::string> query_params{};      // as in Submission
  bool more_params = true;                      // the body may bring some: it is a form
  bool kept = false;                            // its outcome would be kept
  std::string_view idempotency_key{};           // empty: none
  Caller* caller = nullptr;                     // who sends it; null: nobody is told apart
  std::optional<std::chrono::milliseconds> request_timeout{};  // as in Submission
  std::optional<Error> wrong_type{};    // beside the media type: the body's encoding
  std::optional<Error> malformed{};     // in the query or the header fields
  std::optional<Error> unacceptable{};  // no result could be
};

// One request for work as it leaves the edge.
struct Submission {
  QueueIndex queue = 0;
  Payload payload;
  std::string media_type{};  // the payload's, as it was sent; may be empty
  Params params;             // raw: names as sent, values decoded once
  std::vector<std::string>
      query_params;  // names of those that came in the query string (secrets may not)
  SteadyTime started = SteadyClock::now();                   // when the request's head began
  std::optional<std::chrono::milliseconds> request_timeout;  // the caller's own deadline, from then
  std::string traceparent;
  std::string tracestate{};
  Caller* caller = nullptr;     // whose it is, alive during the call; null: as in Intake
  int urgency = kUsualUrgency;  // RFC 9218: 0 to 7
  // How long the client waits for the outcome before it is told that the job goes on: the job is
  // kept then. 0: not at all. Nothing: to the deadline.
  std::optional<std::chrono::milliseconds> wait{};
  std::optional<IdempotencyKey> idempotency{};  // the job is kept, too
  std::string webhook_url{};                    // instead of the queue's
  std::shared_ptr<void> client_place{};         // given back when the job is forgotten
  bool wants_parts = false;  // as they are complete, by Waiter::DeliverPart; the outcome has none
  // Whether a result that is one part of this media type may come in pieces, by DeliverPart too.
  // From any thread; null: it may not.
  std::function<bool(std::string_view media_type)> wants_pieces{};
  // What the upload has been charged (ChargeUpload); empty: Submit charges the payload itself.
  Ledger::Charge charge;
};

}  // namespace headrace
