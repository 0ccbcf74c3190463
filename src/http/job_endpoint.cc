#include "http/job_endpoint.h"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "http/multipart.h"
#include "http/negotiation.h"

namespace headrace {
namespace {

namespace Http = Pistache::Http;
namespace Async = Pistache::Async;

std::string Field(const Http::Request& request, const std::string& name) {
  const auto raw = request.headers().tryGetRaw(name);
  return raw ? raw->value() : std::string();
}

Status AddAll(const Http::Request& request, ParamsSource& params) {
  for (auto at = request.query().parameters_begin(); at != request.query().parameters_end(); ++at) {
    if (auto added = params.AddQuery(at->first, at->second); !added) return added;
  }
  for (const auto& [name, raw] : request.headers().rawList()) {
    if (auto added = params.AddHeader(name, raw.value()); !added) return added;
  }
  return Ok();
}

// The part that is the payload: the one that came as a file, else the field that is named so.
Expected<const FormPart*> FindFile(const std::vector<FormPart>& parts) {
  const FormPart* file = nullptr;
  for (const auto& part : parts) {
    if (!part.is_file) continue;
    if (file != nullptr) {
      return Error{ErrorCode::kUnprocessable, "several-files",
                   "the form has more than one file; send one job per file", "", 0};
    }
    file = &part;
  }
  for (const auto& part : parts) {
    if (file == nullptr && part.name == "file") file = &part;
  }
  return file;
}

}  // namespace

Expected<std::optional<std::chrono::milliseconds>> ParseRequestTimeout(std::string_view field) {
  constexpr int kMaxSeconds = 86'400;
  if (field.empty()) return std::optional<std::chrono::milliseconds>();
  int seconds = 0;
  const char* const end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data(), end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end || seconds < 1 || seconds > kMaxSeconds) {
    return Error{ErrorCode::kInvalidArgument, "bad-request-timeout",
                 "Request-Timeout is not a whole number of seconds from 1 to 86400", "", 0};
  }
  return std::optional<std::chrono::milliseconds>(std::chrono::seconds(seconds));
}

Async::Promise<Outcome> JobEndpoint::RunJob(Http::Request& request, QueueIndex queue,
                                            const std::shared_ptr<PendingJob>& pending) {
  auto submission = MakeSubmission(request, queue);
  return Async::Promise<Outcome>([&](Async::Deferred<Outcome> deferred) {
    pending->Arm(std::move(deferred));
    auto id = submission ? service_.Submit(*std::move(submission), pending)
                         : Expected<std::string>(std::move(submission).error());
    if (id) {
      pending->Accepted(*std::move(id));
    } else {
      pending->Refuse(std::move(id).error());
    }
  });
}

Expected<Submission> JobEndpoint::MakeSubmission(Http::Request& request, QueueIndex queue) const {
  ParamsSource params(*service_.queues()[queue].handler);
  if (auto added = AddAll(request, params); !added) return std::move(added).error();
  Submission submission;
  submission.queue = queue;
  const std::string content_type = Field(request, "Content-Type");
  if (IsMultipartForm(content_type)) {
    auto payload = ReadForm(content_type, request.takeBody(), params);
    if (!payload) return std::move(payload).error();
    submission.payload = *std::move(payload);
  } else {
    submission.payload = Payload::FromString(request.takeBody());
  }
  const std::string accept_field = Field(request, "Accept");
  const Accept accept(accept_field);
  params.ChooseFormat(accept);
  if (auto acceptable = params.CheckAcceptable(accept); !acceptable) {
    return std::move(acceptable).error();
  }
  auto timeout = ParseRequestTimeout(Field(request, "Request-Timeout"));
  if (!timeout) return std::move(timeout).error();
  submission.request_timeout = *timeout;
  submission.traceparent = Field(request, "traceparent");
  RawParams raw = params.Take();
  submission.params = std::move(raw.params);
  submission.query_params = std::move(raw.query_params);
  return submission;
}

// The file stays where it is: the payload is a slice of the body.
Expected<Payload> JobEndpoint::ReadForm(const std::string& content_type, std::string body,
                                        ParamsSource& params) {
  const auto parts = ParseMultipart(content_type, body);
  if (!parts) return parts.error();
  const auto file = FindFile(*parts);
  if (!file) return file.error();
  for (const auto& part : *parts) {
    if (part.is_file || &part == *file) continue;
    auto added = params.AddField(part.name, body.substr(part.offset, part.length));
    if (!added) return std::move(added).error();
  }
  if (*file == nullptr) return Payload();
  auto shared = std::make_shared<const std::string>(std::move(body));
  return Payload::FromString(std::move(shared), (*file)->offset, (*file)->length);
}

}  // namespace headrace
