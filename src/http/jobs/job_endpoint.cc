#include "http/jobs/job_endpoint.h"

#include <string>
#include <utility>

#include "base/words.h"
#include "http/message/negotiation.h"
#include "http/message/preferences.h"

namespace headrace {
namespace {

std::string Field(const Pistache::Http::Request& request, const std::string& name) {
  const auto raw = request.headers().tryGetRaw(name);
  return raw ? raw->value() : std::string();
}

Expected<Submission> MakeSubmission(const Pistache::Http::Request& request, JobUpload& upload) {
  auto finished = upload.Finish();
  if (!finished) return finished;
  Submission& submission = *finished;
  ParamsSource& params = upload.params();
  // A form's fields may name the format, so only now is it known; others were judged by the head.
  if (upload.IsForm()) {
    const std::string accept = Field(request, "Accept");
    if (auto chosen = params.Negotiate(Accept(accept)); !chosen) return std::move(chosen).error();
  }
  submission.idempotency = upload.TakeKey();
  auto timeout = ParseRequestTimeout(Field(request, "Request-Timeout"));
  if (!timeout) return std::move(timeout).error();
  submission.request_timeout = *timeout;
  submission.urgency = ParseUrgency(Field(request, "Priority")).value_or(kUsualUrgency);
  submission.traceparent = Field(request, "traceparent");
  submission.tracestate = Field(request, "tracestate");
  RawParams raw = params.Take();
  submission.params = std::move(raw.params);
  submission.query_params = std::move(raw.query_params);
  return finished;
}

}  // namespace

Expected<std::optional<std::chrono::milliseconds>> ParseRequestTimeout(std::string_view field) {
  constexpr int kMaxSeconds = 86'400;
  if (field.empty()) return std::optional<std::chrono::milliseconds>();
  const auto seconds = ParseNumberAll<int>(field);
  if (!seconds || *seconds < 1 || *seconds > kMaxSeconds) {
    return Error{ErrorCode::kInvalidArgument, "bad-request-timeout",
                 "Request-Timeout is not a whole number of seconds from 1 to 86400", "", 0};
  }
  return std::optional<std::chrono::milliseconds>(std::chrono::seconds(*seconds));
}

Pistache::Async::Promise<Outcome> RunJob(const Pistache::Http::Request& request, JobUpload& upload,
                                         SteadyTime started,
                                         const std::shared_ptr<PendingJob>& pending) {
  auto submission = MakeSubmission(request, upload);
  if (submission) submission->started = started;
  if (submission) pending->Tell(*submission);
  return Pistache::Async::Promise<Outcome>([&](Pistache::Async::Deferred<Outcome> deferred) {
    pending->Arm(std::move(deferred));
    if (submission) {
      pending->Submit(*std::move(submission));
    } else {
      pending->Refuse(std::move(submission).error());
    }
  });
}

}  // namespace headrace
