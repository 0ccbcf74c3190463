#include "http/jobs/job_answer.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/edge/connection.h"
#include "http/jobs/job_views.h"
#include "http/jobs/result_answer.h"
#include "http/message/negotiation.h"

namespace headrace {
namespace {

std::vector<AnswerPiece> Only(AnswerPiece piece) {
  std::vector<AnswerPiece> pieces;
  pieces.push_back(std::move(piece));
  return pieces;
}

}  // namespace

void JobAnswer::Begin(const Exchange& exchange, PendingJob& job, bool in_pieces) {
  if (!exchange.head->http11) return;
  std::string accept = exchange.head->List("Accept");
  const auto form = ResultPacker::Streamed(Accept(accept));
  if (!form && !in_pieces) return;
  packer_.emplace(form.value_or(ResultPacker::Form::kPart), queue_);
  // The job is the one that calls, and outlives the call; the promise's continuation keeps this.
  auto on_part = [this, &job](ResultPart part) {
    const auto connection = connection_.lock();
    if (!connection || broken_) return;
    CloseIfThrown(*connection, [&] { OnPart(*connection, std::move(part), job.job_id()); });
  };
  if (form) return job.TakeParts(on_part);
  job.TakePieces(on_part, [accept = std::move(accept)](std::string_view media_type) {
    return IsSentAsItself(accept, media_type);
  });
}

Answer JobAnswer::StreamHead(const ResultPart& first, const std::string& job_id) const {
  Answer head;
  head.streamed = true;
  head.length = first.whole_size;
  packer_->AddFields(head, first);
  head.Add("Job-Id", job_id);
  if (!head.length) head.Add("Trailer", "Server-Timing");
  return head;
}

void JobAnswer::OnPart(Connection& connection, ResultPart part, const std::string& job_id) {
  Answer head = begun_ ? Answer{} : StreamHead(part, job_id);
  auto piece = packer_->Part(std::move(part));
  if (!piece) {
    broken_ = true;
    return;
  }
  if (!begun_) connection.TellJob(job_id);
  if (!std::exchange(begun_, true)) connection.RespondStream(std::move(head));
  connection.Stream(Only(*std::move(piece)));
}

void JobAnswer::End(Outcome outcome, const PendingJob& job) {
  const std::string& job_id = job.job_id();
  if (outcome.error && !outcome.error->detail.empty()) {
    // The worker tells how a job ended; nobody else why one was not taken.
    (job_id.empty() ? LogWarn : LogDebug)(
        "job failed",
        {{"job_id", job_id}, {"type", outcome.error->type}, {"detail", outcome.error->detail}});
  }
  const auto connection = connection_.lock();
  if (!connection) return;
  CloseIfThrown(*connection, [&] {
    connection->TellJob(job_id);
    if (begun_) return EndStream(*connection, outcome, job_id);
    if (job.goes_on())
      return connection->Respond(AcceptedAnswer(*job.goes_on(), job.service(),
                                                connection->exchange().head->List("Prefer")));
    const std::string accept = connection->exchange().head->List("Accept");
    connection->Respond(OutcomeAnswer(std::move(outcome), {accept, job_id, queue_}));
  });
}

void JobAnswer::EndStream(Connection& connection, const Outcome& outcome,
                          const std::string& job_id) {
  auto end = packer_->End();
  if (outcome.state != JobState::kSucceeded || broken_ || !end) {
    LogInfo("answer cut", {{"job_id", job_id}, {"outcome", ToString(outcome.state)}});
    connection.AbortStream();
    return;
  }
  connection.Stream(Only(*std::move(end)));
  connection.EndStream(ServerTiming(outcome.timings));
}

}  // namespace headrace
