#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/payload.h"
#include "engine/job_store.h"

namespace headrace::sqlite {

// The changes of a job, as JobStore's calls bring them.

struct NewJob {
  KeptJob job;
  Payload payload;
  std::int64_t seq = 0;  // its rank among the accepted ones
  std::string file;      // where the payload lies; empty: in a row
};

struct Attempt {
  std::uint32_t number = 0;
  UtcTime started{};
};

struct BackToWaiting {
  std::uint32_t attempt = 0;
  SteadyTime not_before = SteadyTime::min();
  std::optional<Error> error;
};

struct Ending {
  JobEnd end;
  std::uint32_t attempt = 0;       // for the names of files
  std::vector<std::string> files;  // one for each part; empty: it lies in a row
};

struct ResultDrop {};

struct NextDelivery {
  std::optional<PendingDelivery> next;
};

// Changes nothing: what was called before it has been committed, or has failed, when it is run.
struct Barrier {
  std::function<void()> then;
};

// One call on its way to the database.
struct Operation {
  std::string id;  // of the job; empty: a barrier for all jobs
  std::variant<NewJob, Attempt, BackToWaiting, Ending, ResultDrop, NextDelivery, Barrier> change;
  JobStore::Done done;       // empty: nobody waits
  std::uint64_t number = 0;  // in the order of calls
  std::size_t bytes = 0;     // that it puts into rows, about
  SteadyTime called{};
  std::optional<Error> failure{};  // it is not to be applied, or was not

  [[nodiscard]] bool Awaited() const { return done || std::holds_alternative<Barrier>(change); }
};
using OperationPtr = std::unique_ptr<Operation>;

}  // namespace headrace::sqlite
