#include "http/api_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/trace.h"
#include "http/caller_check.h"
#include "http/edge/connection.h"
#include "http/edge/pistache.h"
#include "http/jobs/job_answer.h"
#include "http/jobs/job_endpoint.h"
#include "http/jobs/job_upload.h"
#include "http/jobs/queue_views.h"
#include "http/message/chars.h"
#include "http/message/multipart.h"
#include "http/message/negotiation.h"
#include "http/message/preferences.h"
#include "http/message/problem.h"
#include "http/page.h"
#include "http/server_span.h"
#include "service/endings.h"

namespace headrace {
namespace {

Error NotFound(const char* hint) { return {ErrorCode::kNotFound, "not-found", hint, "", 0}; }

// The payload's media type as admission may judge it before the body: none for a form, whose file
// has its own, nor for what curl's --data-binary says of any file.
std::string_view PayloadType(const RequestHead& head) {
  std::string_view field = head.Find("Content-Type");
  const std::string_view type = NextItem(field, ';');
  const bool tells_nothing = EqualsIgnoreCase(type, "multipart/form-data") ||
                             EqualsIgnoreCase(type, "application/x-www-form-urlencoded");
  return tells_nothing ? std::string_view() : type;
}

bool IsEncoded(const RequestHead& head) {
  const std::string field = head.List("Content-Encoding");
  const auto codings = SplitList(field);
  return std::any_of(codings.begin(), codings.end(),
                     [](std::string_view coding) { return !EqualsIgnoreCase(coding, "identity"); });
}

Error EncodedBody() {
  return {ErrorCode::kUnsupportedMediaType, "content-encoding",
          "the body must not be compressed (Content-Encoding)", "", 0};
}

// A field that changes what becomes of a job. One that is there and says nothing was meant to: its
// sender had no value for it, and must not find out by a job that is done twice. Of one that is
// there twice, two readers could take two different ones.
Status CheckOneValue(const RequestHead& head, const char* name) {
  int count = 0;
  for (const auto& field : head.fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    if (field.value.empty()) {
      return Error{ErrorCode::kInvalidArgument, "empty-field",
                   fmt::format("{} is empty; give it a value, or leave it out", name), "", 0};
    }
    if (++count > 1) {
      return Error{ErrorCode::kInvalidArgument, "", fmt::format("{} is there twice", name), "", 0};
    }
  }
  return Ok();
}

Pistache::Http::Method PistacheMethod(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return Pistache::Http::Method::Get;
    case HttpMethod::kHead:
      return Pistache::Http::Method::Head;
    case HttpMethod::kPut:
      return Pistache::Http::Method::Put;
    case HttpMethod::kDelete:
      return Pistache::Http::Method::Delete;
    case HttpMethod::kOptions:
      return Pistache::Http::Method::Options;
    case HttpMethod::kPost:
    case HttpMethod::kOther:
      return Pistache::Http::Method::Post;
  }
  return Pistache::Http::Method::Post;
}

// Our parser's request in the type that endpoint functions take, with the fields that they read.
Pistache::Http::Request MakeRequest(const Exchange& exchange) {
  Pistache::Http::Request request;
  request.setMethod(PistacheMethod(exchange.method));
  request.setVersion(exchange.head->http11 ? Pistache::Http::Version::Http11
                                           : Pistache::Http::Version::Http10);
  request.setResource(std::string(exchange.head->path));
  for (const char* const name : {"Accept", "Priority", "Request-Timeout"}) {
    std::string value = exchange.head->List(name);
    if (!value.empty())
      request.headers().addRaw(Pistache::Http::Header::Raw(name, std::move(value)));
  }
  request.headers().addRaw(Pistache::Http::Header::Raw("traceparent", exchange.trace));
  if (std::string tracestate = exchange.head->List("tracestate"); !tracestate.empty()) {
    tracestate = PassedTracestate(exchange.head->List("traceparent"), std::move(tracestate));
    request.headers().addRaw(Pistache::Http::Header::Raw("tracestate", std::move(tracestate)));
  }
  return request;
}

}  // namespace

std::optional<Answer> ApiSite::OnHeaders(Exchange& exchange) {
  const RequestHead& head = *exchange.head;
  exchange.match = routes_.Match(head.path);
  if (exchange.match.route == HttpRoute::kJobs || head.path.substr(0, 4) == "/v1/") {
    exchange.trace = TraceOfRequest(tracer_, head.List("traceparent"));  // two are none
    exchange.traced = tracer_ != nullptr && SaysSampled(exchange.trace);
    exchange.answer_fields.append("traceparent: ").append(exchange.trace).append("\r\n");
  }
  if (auto answer = CheckRoute(exchange)) return answer;
  // The page of the root is for everybody, what it tells is not.
  if (exchange.match.route != HttpRoute::kRoot) {
    if (auto answer = CheckCaller(keys_, exchange)) return answer;
  }
  if (exchange.match.route == HttpRoute::kJobs) return Admit(exchange);
  if (auto query = ParseQuery(head.query); !query) return ProblemAnswer(query.error());
  return exchange.match.AsksForJob() ? std::nullopt : std::optional(Read(exchange));
}

// 404, 405 and OPTIONS: what can be said without looking further.
std::optional<Answer> ApiSite::CheckRoute(Exchange& exchange) const {
  const RouteMatch& match = exchange.match;
  if (match.allowed.Empty()) return ProblemAnswer(NotFound("there is nothing at this path"));
  const bool names_queue = match.route == HttpRoute::kQueue || match.route == HttpRoute::kJobs;
  if (names_queue && !match.queue) {
    return ProblemAnswer(NoSuchQueue());
  }
  if (exchange.method == HttpMethod::kOptions) {
    Answer answer;
    answer.status = 204;
    answer.Add("Allow", match.allowed.Text());
    return answer;
  }
  if (match.allowed.Has(exchange.method)) return std::nullopt;
  Answer answer = ProblemAnswer(
      {ErrorCode::kMethodNotAllowed, "", "allowed here: " + match.allowed.Text(), "", 0});
  answer.Add("Allow", match.allowed.Text());
  return answer;
}

// Takes what stands in the head for the job: its params, and what its form and its deadline are.
Status ApiSite::TakeHead(Exchange& exchange, JobUpload& upload, Intake& intake) const {
  const RequestHead& head = *exchange.head;
  const std::string_view type = head.Find("Content-Type");
  if (IsMultipartForm(type)) {
    auto boundary = FormBoundary(type);
    if (!boundary) return std::move(boundary).error();
    upload.ReadForm(*boundary);
  } else {
    upload.SetMediaType(type);
  }
  auto query = ParseQuery(head.query);
  if (!query) return std::move(query).error();
  for (QueryParam& param : *query) {
    auto added = upload.params().AddQuery(std::move(param.name), std::move(param.value));
    if (!added) return added;
  }
  for (const auto& field : head.fields) {
    if (auto added = upload.params().AddHeader(field.name, field.value); !added) return added;
  }
  for (const char* const name : {"Idempotency-Key", "Request-Timeout", "Webhook-Url"}) {
    if (auto sound = CheckOneValue(head, name); !sound) return sound;
  }
  auto timeout = ParseRequestTimeout(head.List("Request-Timeout"));
  if (!timeout) return std::move(timeout).error();
  intake.request_timeout = *timeout;
  exchange.body_deadline =
      service_.DeadlineOf(*exchange.match.queue, exchange.started, *timeout).time();
  return TakeKept(head, upload, intake);
}

// What of it outlives the request.
Status ApiSite::TakeKept(const RequestHead& head, JobUpload& upload, Intake& intake) const {
  auto key = ParseIdempotencyKey(head.Find("Idempotency-Key"));
  if (!key) return std::move(key).error();
  const auto wait = async_ ? ParsePrefer(head.List("Prefer")).Patience() : std::nullopt;
  intake.kept = wait || *key;
  upload.SetWait(wait);
  if (*key) {
    upload.SetKey(**std::move(key));
    intake.idempotency_key = upload.key();
  }
  return TakeWebhook(head.Find("Webhook-Url"), upload, intake);
}

// A wrong one is told in the place of a wrong param.
Status ApiSite::TakeWebhook(std::string_view url, JobUpload& upload, const Intake& intake) const {
  if (url.empty()) return Ok();
  if (!intake.kept) {
    return Error{
        ErrorCode::kInvalidArgument, "webhook-without-prefer",
        "Webhook-Url is for jobs that outlive their connection; send Prefer: respond-async "
        "with it",
        "", 0};
  }
  if (auto allowed = service_.CheckWebhook(url); !allowed) return allowed;
  upload.SetWebhook(url);
  return Ok();
}

// Everything that speaks against a job before its body is read, in Precheck's order.
std::optional<Answer> ApiSite::Admit(Exchange& exchange) {
  const RequestHead& head = *exchange.head;
  const QueueIndex queue = *exchange.match.queue;
  Intake intake;
  if (!head.chunked) intake.content_length = head.content_length.value_or(0);
  const std::string type = ToLower(PayloadType(head));
  intake.media_type = type;
  intake.caller = exchange.caller.get();
  if (IsEncoded(head)) intake.wrong_type = EncodedBody();
  auto upload = std::make_shared<JobUpload>(service_, queue, intake.content_length);
  upload->SetCaller(exchange.caller);
  if (auto taken = TakeHead(exchange, *upload, intake); !taken) {
    intake.malformed = std::move(taken).error();
  }
  if (!upload->IsForm()) {
    const std::string accept = head.List("Accept");
    auto chosen = upload->params().Negotiate(Accept(accept));
    if (!chosen) intake.unacceptable = std::move(chosen).error();
  }
  intake.params = upload->params().raw().params;
  intake.query_params = upload->params().raw().query_params;
  intake.more_params = upload->IsForm();
  if (auto admitted = service_.Precheck(queue, intake); !admitted) {
    return ProblemAnswer(admitted.error());
  }
  auto place = clients_.Enter(exchange.client);
  if (!place) return ProblemAnswer(TooManyJobs(queue));
  if (intake.kept) {  // it is under way for longer than its request
    upload->SetPlace(std::make_shared<ClientLimit::Place>(*std::move(place)));
  } else {
    exchange.client_place = *std::move(place);
  }
  exchange.body = std::move(upload);
  return std::nullopt;
}

Error ApiSite::TooManyJobs(QueueIndex queue) {
  metrics_.OnRejected(queue, Rejection::kQuota);
  return {ErrorCode::kOverloaded, "client-limit",
          "this address has as many jobs under way as it may; come back when one has ended", "",
          service_.NextEnd(queue)};
}

Answer ApiSite::Read(Exchange& exchange) {
  switch (exchange.match.route) {
    case HttpRoute::kRoot:
      return Root(exchange);
    case HttpRoute::kQueues:
      return JsonText(QueuesJson(service_));
    case HttpRoute::kQueue:
      return JsonText(QueueJson(service_, *exchange.match.queue));
    case HttpRoute::kOpenApi:
      return document_.For(*exchange.head);
    case HttpRoute::kJobs:
    case HttpRoute::kJobList:
    case HttpRoute::kJob:
    case HttpRoute::kResult:
    case HttpRoute::kEvents:
    case HttpRoute::kOther:
      break;
  }
  return ProblemAnswer(NotFound("there is nothing at this path"));
}

Answer ApiSite::Root(Exchange& exchange) const {
  const std::string field = exchange.head->List("Accept");
  const Accept accept(field);
  constexpr std::array<std::string_view, 2> kOffers{"text/html", "application/json"};
  const auto best = accept.Best(kOffers);
  if (best == std::size_t{1}) {
    if (auto refused = CheckCaller(keys_, exchange)) return *std::move(refused);
  }
  const bool open = keys_ == nullptr;
  Answer answer =
      best == std::size_t{1} ? JsonText(QueuesJson(service_)) : PageAnswer(service_, open);
  answer.Add("Vary", "Accept");
  return answer;
}

void ApiSite::OnRequest(Connection& connection) {
  if (connection.exchange().match.AsksForJob()) return jobs_.Answer(connection);
  Submit(connection);
}

void ApiSite::Submit(Connection& connection) {
  const Exchange& exchange = connection.exchange();
  const auto pending = std::make_shared<PendingJob>(connection.reactor(), service_);
  connection.Await(pending);
  const ServiceQueue& queue = service_.queues()[*exchange.match.queue];
  auto answering = std::make_shared<JobAnswer>(connection.weak_from_this(), queue.options.name);
  // The pending job resolves the promise, so it lives while that runs; owning it would be a cycle.
  answering->Begin(exchange, *pending, queue.sends_pieces);
  // Admit made the upload.
  auto promise = RunJob(MakeRequest(exchange), static_cast<JobUpload&>(*exchange.body),
                        exchange.started, pending);
  // The continuation returns a value because Pistache hands the outcome over uncopied only to such.
  promise.then(
      [answering = std::move(answering), job = pending.get()](Outcome&& outcome) {
        answering->End(std::move(outcome), *job);
        return true;
      },
      Pistache::Async::NoExcept);
}

void ApiSite::OnAnswered(const Exchange& exchange, int status) {
  constexpr int kBadGateway = 502;  // what it would have been before its first byte
  const int code = status == kAnswerCut ? kBadGateway : status;
  metrics_.OnHttpRequest(exchange.match.route, exchange.method, code,
                         SteadyClock::now() - exchange.started);
  if (exchange.traced) RecordSpan(exchange, status);
}

void ApiSite::RecordSpan(const Exchange& exchange, int status) const {
  ServerSpanFacts facts{status, https_, {}};
  if (exchange.match.queue) facts.queue = service_.queues()[*exchange.match.queue].options.name;
  tracer_->Record(ServerSpan(exchange, facts));
}

}  // namespace headrace
