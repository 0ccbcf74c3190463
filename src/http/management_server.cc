#include "http/management_server.h"

#include <utility>

#include "base/json.h"
#include "http/edge/connection.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr MethodSet kRead{HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kOptions};

HttpOptions ListenerOptions(const ManagementOptions& options) {
  HttpOptions http;
  http.listen = options.listen;
  http.threads = 1;
  http.max_body = 0;
  return http;
}

Answer Text(std::string text, const char* type) {
  Answer answer;
  answer.Add("Content-Type", type);
  answer.Add("Cache-Control", "no-store");
  answer.text = std::move(text);
  answer.compressible = true;
  return answer;
}

Answer HealthText(const Health::Answer& health) {
  Answer answer = Text(health.reason + "\n", "text/plain; charset=utf-8");
  answer.status = health.ok ? 200 : 503;
  return answer;
}

}  // namespace

std::optional<Answer> ManagementSite::Find(std::string_view path) const {
  if (path == "/metrics") {
    return Text(metrics_.Serialize(), "text/plain; version=0.0.4; charset=utf-8");
  }
  if (path == "/livez") return HealthText(health_.Live());
  if (path == "/readyz") return HealthText(health_.Ready());
  if (path == "/startupz") return HealthText(health_.Started());
  if (path == "/version") {
    return Text(Json::Object({{"version", Json::String(HEADRACE_VERSION)}}).Text() + "\n",
                "application/json");
  }
  return std::nullopt;
}

std::optional<Answer> ManagementSite::OnHeaders(Exchange& exchange) {
  const bool reads = exchange.method == HttpMethod::kGet || exchange.method == HttpMethod::kHead;
  if (!reads) {
    Answer answer =
        ProblemAnswer({ErrorCode::kMethodNotAllowed, "", "allowed here: " + kRead.Text(), "", 0});
    if (exchange.method == HttpMethod::kOptions) {
      answer = Answer();
      answer.status = 204;
    }
    answer.Add("Allow", kRead.Text());
    return answer;
  }
  auto answer = Find(exchange.head->path);
  if (answer) return answer;
  return ProblemAnswer({ErrorCode::kNotFound, "",
                        "there are /metrics, /livez, /readyz, /startupz and /version", "", 0});
}

// OnHeaders answers everything.
void ManagementSite::OnRequest(Connection& connection) {
  connection.Respond(ProblemAnswer({ErrorCode::kNotFound, "", "", "", 0}));
}

ManagementServer::ManagementServer(const ManagementOptions& options, const Metrics& metrics,
                                   const Health& health)
    : site_(metrics, health), server_(ListenerOptions(options), site_, "management") {}

}  // namespace headrace
