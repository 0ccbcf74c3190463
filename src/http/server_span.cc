#include "http/server_span.h"

#include <cstdint>
#include <utility>

#include "base/job_id.h"
#include "base/trace.h"
#include "http/message/host.h"
#include "http/message/request_head.h"
#include "metrics/metrics.h"

namespace headrace {
namespace {

constexpr int kOk = 200;
constexpr int kServerError = 500;
constexpr std::size_t kMostAttributes = 12;

void AddMethod(const Exchange& exchange, Span& span) {
  if (exchange.method != HttpMethod::kOther) {
    span.Add("http.request.method", std::string(MethodText(exchange.method)));
    return;
  }
  span.Add("http.request.method", std::string("_OTHER"));
  span.Add("http.request.method_original",
           std::string(exchange.head->method.substr(0, Span::kMaxText)));
}

// Empty: the path is none of ours. A queue's second path stands for itself.
std::string_view RouteOf(const Exchange& exchange) {
  if (exchange.match.route == HttpRoute::kOther) return {};
  const bool second = !exchange.head->path.starts_with("/v1/");
  return second ? exchange.head->path : RouteText(exchange.match.route);
}

// The Host field is as IsHost has it, or absent (HTTP/1.0).
void AddServer(const Exchange& exchange, bool https, Span& span) {
  const std::string_view host = exchange.head->Find("Host");
  span.Add("url.scheme", std::string(https ? "https" : "http"));
  if (host.empty()) return;
  const HostParts parts = SplitHost(host);
  span.Add("server.address", std::string(parts.address));
  span.Add("server.port", std::int64_t{parts.port.value_or(https ? 443 : 80)});
}

// By these conventions a client's mistake is not the server's failure.
void AddStatus(int status, Span& span) {
  if (status == kClientGone) {
    span.Add("error.type", std::string("client-gone"));
    return;
  }
  if (status == kAnswerCut) {
    span.Add("http.response.status_code", std::int64_t{kOk});  // which had been sent
    span.Add("error.type", std::string("answer-cut"));
    span.failed = true;
    return;
  }
  span.Add("http.response.status_code", std::int64_t{status});
  if (status < kServerError) return;
  span.failed = true;
  span.Add("error.type", std::to_string(status));
}

void AddJob(const Exchange& exchange, std::string_view queue, Span& span) {
  if (!queue.empty()) span.Add("headrace.queue", std::string(queue));
  const std::string& asked = exchange.match.argument;
  if (!exchange.job_id.empty()) {
    span.Add("headrace.job.id", exchange.job_id);
  } else if (exchange.match.AsksForJob() && QueueOfJobId(asked)) {
    span.Add("headrace.job.id", asked);
  }
}

}  // namespace

std::string TraceOfRequest(const Tracer* tracer, std::string_view traceparent) {
  if (tracer == nullptr) return ContinueTrace(traceparent);
  return ToTraceparent(tracer->Begin(ParseTraceparent(traceparent)));
}

Span ServerSpan(const Exchange& exchange, const ServerSpanFacts& facts) {
  const RequestHead& head = *exchange.head;
  Span span;
  span.kind = SpanKind::kServer;
  span.context = ParseTraceparent(exchange.trace).value_or(TraceContext{});
  const std::string traceparent = head.List("traceparent");
  if (const auto parent = ParseTraceparent(traceparent)) {
    span.parent_id = parent->span_id;
    span.remote_parent = true;
    span.trace_state = PassedTracestate(traceparent, head.List("tracestate"));
  }
  span.start = exchange.started;
  span.end = SteadyClock::now();
  span.attributes.reserve(kMostAttributes);
  AddMethod(exchange, span);
  const std::string_view route = RouteOf(exchange);
  span.name = exchange.method == HttpMethod::kOther ? "HTTP" : MethodText(exchange.method);
  if (!route.empty()) span.name.append(" ").append(route);
  if (!route.empty()) span.Add("http.route", std::string(route));
  span.Add("url.path", std::string(head.path.substr(0, Span::kMaxText)));
  AddServer(exchange, facts.https, span);
  span.Add("network.protocol.version", std::string(head.http11 ? "1.1" : "1.0"));
  AddStatus(facts.status, span);
  AddJob(exchange, facts.queue, span);
  return span;
}

}  // namespace headrace
