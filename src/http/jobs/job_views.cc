#include "http/jobs/job_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/json.h"
#include "http/message/preferences.h"
#include "http/message/problem.h"
#include "net/http_url.h"

namespace headrace {
namespace {

using Members = std::vector<std::pair<std::string, Json>>;

Json Count(std::uint64_t value) { return Json::Number(value); }
Json Milliseconds(Seconds time) { return Json::Number(std::round(time.count() * 1e6) / 1000.0); }
Json Time(UtcTime time) { return Json::String(ToRfc3339(time)); }

// When its turn comes, as far as the queue's pace tells.
UtcTime EstimatedStart(const JobStatus& status, double drain_rate) {
  const double seconds = (static_cast<double>(status.position) + 1) / drain_rate;
  return UtcNow() + std::chrono::milliseconds(std::llround(std::min(seconds, 1e9) * 1000));
}

void AddWaiting(Members& members, const JobStatus& status, const JobService& service) {
  members.emplace_back("position", Count(status.position));
  if (const auto queue = service.FindQueue(status.record.job.queue)) {
    members.emplace_back("estimated_start",
                         Time(EstimatedStart(status, service.DrainRate(*queue))));
  }
}

Json PartsValue(const JobStatus& status, const std::string& result) {
  std::vector<Json> parts;
  for (const ResultPart& part : status.record.end->outcome.parts) {
    parts.push_back(
        Json::Object({{"name", Json::String(part.name)},
                      {"media_type", Json::String(part.media_type)},
                      {"size", Count(part.whole_size.value_or(part.bytes.size()))},
                      {"href", Json::String(result + "/" + PercentEncode(part.name))}}));
  }
  return Json::Array(parts);
}

Json ErrorValue(const Error& error) {
  return Json::Object({{"type", Json::String(ProblemType(error))},
                       {"status", Count(static_cast<std::uint64_t>(StatusOf(error.code)))},
                       {"detail", Json::String(error.hint)}});
}

void AddEnd(Members& members, const JobStatus& status, const std::string& self) {
  const JobEnd& end = *status.record.end;
  const JobTimings& timings = end.outcome.timings;
  members.emplace_back("ended", Time(end.ended));
  members.emplace_back("wait_ms", Milliseconds(timings.wait));
  members.emplace_back("run_ms", Milliseconds(timings.run));
  members.emplace_back("cpu_ms", Milliseconds(timings.cpu));
  if (timings.peak_memory != 0) {
    members.emplace_back("peak_memory_bytes", Count(timings.peak_memory));
  }
  if (end.outcome.error) members.emplace_back("error", ErrorValue(*end.outcome.error));
  if (status.record.state != JobState::kSucceeded) return;
  members.emplace_back("result_kept_until", Time(end.ended + end.keep));
  if (!status.record.result_dropped) {
    members.emplace_back("parts", PartsValue(status, self + "/result"));
  }
}

Json LinksValue(const JobStatus& status, const std::string& self) {
  Members links{{"self", Json::String(self)}};
  if (status.kept) {
    links.emplace_back("events", Json::String(self + "/events"));
    if (!status.record.result_dropped) {
      links.emplace_back("result", Json::String(self + "/result"));
    }
  }
  return Json::Object(links);
}

}  // namespace

Members JobMembers(const JobStatus& status, const JobService& service) {
  const KeptJob& job = status.record.job;
  const std::string self = "/v1/jobs/" + job.id;
  const Durability durability = status.kept ? service.durability() : Durability::kProcess;
  Members members{{"job_id", Json::String(job.id)},
                  {"queue", Json::String(job.queue)},
                  {"state", Json::String(ToString(status.record.state))},
                  {"attempt", Count(job.attempt)},
                  {"durability", Json::String(ToString(durability))}};
  if (status.kept) members.emplace_back("created", Time(job.accepted));
  if (job.started) members.emplace_back("started", Time(*job.started));
  if (status.record.state == JobState::kWaiting) AddWaiting(members, status, service);
  if (status.steps.total != 0) {
    members.emplace_back("progress", Json::Object({{"done", Count(status.steps.done)},
                                                   {"total", Count(status.steps.total)}}));
  }
  if (!status.record.end && job.last_error) {
    members.emplace_back("last_error", ErrorValue(*job.last_error));
  }
  if (status.record.end) AddEnd(members, status, self);
  members.emplace_back("links", LinksValue(status, self));
  return members;
}

std::string JobJson(const JobStatus& status, const JobService& service) {
  return Json::Object(JobMembers(status, service)).Text() + "\n";
}

Answer StatusAnswer(const JobStatus& status, const JobService& service) {
  return StatusAnswer(status.record.job.id, JobJson(status, service));
}

Answer StatusAnswer(std::string_view job_id, std::string json) {
  Answer answer = JsonText(std::move(json));
  answer.Add("Job-Id", job_id);
  return answer;
}

Answer AcceptedAnswer(const JobStatus& status, const JobService& service, std::string_view prefer) {
  Answer answer = StatusAnswer(status, service);
  answer.status = 202;
  answer.Add("Location", "/v1/jobs/" + status.record.job.id);
  const auto wait = ParsePrefer(prefer).wait;
  answer.Add("Preference-Applied",
             wait ? fmt::format("wait={}", wait->count()) : std::string("respond-async"));
  return answer;
}

}  // namespace headrace
