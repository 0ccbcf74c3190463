#include "http/jobs/queue_views.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "base/json.h"

namespace headrace {
namespace {

Json Count(std::uint64_t value) { return Json::Number(value); }

Json ExecutorsValue(const ExecutorState& state) {
  std::vector<std::pair<std::string, Json>> deaths;
  deaths.reserve(kExecutorDeaths);
  for (std::size_t i = 0; i < kExecutorDeaths; ++i) {
    deaths.emplace_back(kExecutorDeathNames.at(i), Count(state.figures.deaths.at(i)));
  }
  const auto trouble = static_cast<std::size_t>(state.trouble);
  const bool none = state.trouble == ExecutorTrouble::kNone;
  return Json::Object(
      {{"ready", Json::Bool(state.ready)},
       {"healthy", Json::Bool(state.healthy)},
       {"last_trouble", none ? Json() : Json::String(kExecutorTroubleNames.at(trouble))},
       {"started", Count(state.figures.started)},
       {"deaths", Json::Object(deaths)}});
}

Json QueueValue(const JobService& service, QueueIndex index) {
  const ServiceQueue& queue = service.queues()[index];
  const QueueFigures figures = service.Figures(index);
  std::vector<std::pair<std::string, Json>> members{
      {"name", Json::String(queue.options.name)},
      {"handler", Json::String(queue.handler->name)},
      {"href", Json::String("/v1/queues/" + queue.options.name)},
      {"workers", Count(queue.options.workers)},
      {"capacity", Count(figures.capacity)},
      {"waiting", Count(figures.waiting)},
      {"running", Count(figures.running)},
      {"waiting_bytes", Count(figures.waiting_bytes)},
      {"oldest_age_seconds", Json::Number(figures.oldest_age.count())},
      {"deadline_seconds", Json::Number(Seconds(queue.deadline).count())},
      {"accepted", Count(figures.accepted)},
      {"succeeded", Count(figures.succeeded)},
      {"failed", Count(figures.failed)},
      {"cancelled", Count(figures.cancelled)},
      {"expired", Count(figures.expired)}};
  if (queue.executors) members.emplace_back("executors", ExecutorsValue(queue.executors()));
  if (!queue.path.empty()) members.emplace_back("path", Json::String(queue.path));
  return Json::Object(members);
}

}  // namespace

std::string QueueJson(const JobService& service, QueueIndex queue) {
  return QueueValue(service, queue).Text() + "\n";
}

std::string QueuesJson(const JobService& service) {
  std::vector<Json> queues;
  queues.reserve(service.queues().size());
  for (QueueIndex i = 0; i < service.queues().size(); ++i) queues.push_back(QueueValue(service, i));
  return Json::Object({{"queues", Json::Array(queues)}}).Text() + "\n";
}

}  // namespace headrace
