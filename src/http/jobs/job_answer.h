#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/outcome.h"
#include "http/edge/site.h"
#include "http/jobs/pending_job.h"
#include "http/jobs/result_packer.h"

namespace headrace {

class Connection;

// The answer to one job on its connection: at once when the outcome is there, or, for a client that
// wants a zip or multipart/mixed above all else, part by part as they are complete; or, where the
// result is one part that the client gets as itself, piece by piece if it comes so. Used on the
// connection's reactor thread only; does nothing once the connection has gone.
class JobAnswer {
 public:
  JobAnswer(std::weak_ptr<Connection> connection, std::string queue)
      : connection_(std::move(connection)), queue_(std::move(queue)) {}

  // Before the job is submitted: asks it for its parts if they are to be streamed, or for pieces of
  // its only part if its queue sends such (`in_pieces`).
  void Begin(const Exchange& exchange, PendingJob& job, bool in_pieces);

  // The job has ended, or was not accepted, or its client does not wait any longer.
  void End(Outcome outcome, const PendingJob& job);

 private:
  void OnPart(Connection& connection, ResultPart part, const std::string& job_id);
  [[nodiscard]] Answer StreamHead(const ResultPart& first, const std::string& job_id) const;
  void EndStream(Connection& connection, const Outcome& outcome, const std::string& job_id);

  const std::weak_ptr<Connection> connection_;
  const std::string queue_;
  std::optional<ResultPacker> packer_;  // how the answer is streamed, if it is
  bool begun_ = false;                  // its head is out
  bool broken_ = false;                 // and what followed did not fit
};

}  // namespace headrace
