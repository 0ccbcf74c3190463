#include "http/edge/routes.h"

#include <array>
#include <utility>

#include "http/message/uri.h"

namespace headrace {
namespace {

struct MethodName {
  std::string_view name;
  HttpMethod method;
};

constexpr std::array<MethodName, 6> kMethods{{{"GET", HttpMethod::kGet},
                                              {"HEAD", HttpMethod::kHead},
                                              {"POST", HttpMethod::kPost},
                                              {"PUT", HttpMethod::kPut},
                                              {"DELETE", HttpMethod::kDelete},
                                              {"OPTIONS", HttpMethod::kOptions}}};

constexpr MethodSet kRead{HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kOptions};
constexpr MethodSet kGet{HttpMethod::kGet, HttpMethod::kOptions};
constexpr MethodSet kPost{HttpMethod::kPost, HttpMethod::kOptions};
constexpr MethodSet kPostOrPut{HttpMethod::kPost, HttpMethod::kPut, HttpMethod::kOptions};
constexpr MethodSet kReadOrDelete{HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kDelete,
                                  HttpMethod::kOptions};

RouteMatch Fixed(HttpRoute route, MethodSet allowed) {
  return {route, allowed, std::nullopt, {}, {}};
}

bool CutPrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

HttpMethod ParseMethod(std::string_view text) {
  for (const auto& [name, method] : kMethods) {
    if (name == text) return method;
  }
  return HttpMethod::kOther;
}

std::string MethodSet::Text() const {
  std::string text;
  for (const auto& [name, method] : kMethods) {
    if (!Has(method)) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

RouteTable::RouteTable(const JobService& service) : service_(service) {
  const auto& queues = service.queues();
  for (QueueIndex i = 0; i < queues.size(); ++i) {
    if (!queues[i].path.empty()) short_paths_.push_back({queues[i].path, i});
  }
}

RouteMatch RouteTable::Match(std::string_view path) const {
  if (path == "/") return Fixed(HttpRoute::kRoot, kRead);
  if (path == "*") return Fixed(HttpRoute::kOther, {HttpMethod::kOptions});
  for (const auto& entry : short_paths_) {
    if (path == entry.path) return {HttpRoute::kJobs, kPostOrPut, entry.queue, {}, {}};
  }
  if (path == "/openapi.json") return Fixed(HttpRoute::kOpenApi, kRead);
  if (path == "/v1/queues") return Fixed(HttpRoute::kQueues, kRead);
  if (CutPrefix(path, "/v1/queues/")) return MatchQueue(path);
  if (path == "/v1/jobs") return Fixed(HttpRoute::kJobList, kRead);
  if (CutPrefix(path, "/v1/jobs/")) return MatchJob(path);
  return {};
}

// {id}, {id}/events, {id}/result or {id}/result/{part}.
RouteMatch RouteTable::MatchJob(std::string_view rest) {
  const std::string_view name = rest.substr(0, rest.find('/'));
  rest.remove_prefix(name.size());
  auto id = PercentDecode(name, false);
  if (name.empty() || !id) return {};
  if (rest.empty()) return {HttpRoute::kJob, kReadOrDelete, std::nullopt, *std::move(id), {}};
  if (rest == "/events") return {HttpRoute::kEvents, kGet, std::nullopt, *std::move(id), {}};
  if (!CutPrefix(rest, "/result")) return {};
  RouteMatch match{HttpRoute::kResult, kRead, std::nullopt, *std::move(id), {}};
  if (rest.empty()) return match;
  auto part = PercentDecode(rest.substr(1), false);
  if (rest.size() < 2 || rest.front() != '/' || !part) return {};
  match.part = *std::move(part);
  return match;
}

RouteMatch RouteTable::MatchQueue(std::string_view rest) const {
  const std::string_view name = rest.substr(0, rest.find('/'));
  rest.remove_prefix(name.size());
  if (name.empty() || (!rest.empty() && rest != "/jobs")) return {};
  auto decoded = PercentDecode(name, false);
  if (!decoded) return {};
  const auto queue = service_.FindQueue(*decoded);
  if (rest.empty()) return {HttpRoute::kQueue, kRead, queue, std::move(*decoded), {}};
  return {HttpRoute::kJobs, kPost, queue, std::move(*decoded), {}};
}

}  // namespace headrace
