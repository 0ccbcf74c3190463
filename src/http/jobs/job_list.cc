#include "http/jobs/job_list.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/job_id.h"
#include "base/json.h"
#include "base/outcome.h"
#include "base/words.h"
#include "http/jobs/job_views.h"
#include "http/message/uri.h"
#include "net/http_url.h"
#include "service/endings.h"

namespace headrace {
namespace {

Error BadQuery(std::string hint) {
  return {ErrorCode::kInvalidArgument, "bad-query", std::move(hint), "", 0};
}

std::optional<JobState> ParseState(std::string_view word) {
  for (const JobState state : kJobStates) {
    if (word == ToString(state)) return state;
  }
  return std::nullopt;
}

Status TakeState(const std::string& value, RecordFilter& filter) {
  filter.state = ParseState(value);
  if (filter.state) return Ok();
  std::vector<std::string_view> words;
  words.reserve(kJobStates.size());
  for (const JobState state : kJobStates) words.emplace_back(ToString(state));
  return BadQuery(fmt::format("state is one of {}", fmt::join(words, ", ")));
}

Status TakeLimit(const std::string& value, RecordFilter& filter) {
  const auto number = ParseNumberAll<std::size_t>(value);
  if (!number || *number < 1 || *number > kLargestPage) {
    return BadQuery(fmt::format("limit is a whole number of 1 to {}", kLargestPage));
  }
  filter.limit = *number;
  return Ok();
}

Status Take(QueryParam param, const JobService& service, RecordFilter& filter) {
  if (param.name == "state") return TakeState(param.value, filter);
  if (param.name == "limit") return TakeLimit(param.value, filter);
  if (param.name == "queue") {
    // Jobs of a queue that is not configured any more are kept, and not shown by its name.
    if (!service.FindQueue(param.value)) return NoSuchQueue();
    filter.queue = std::move(param.value);
    return Ok();
  }
  if (param.name == "cursor") {
    if (!QueueOfJobId(param.value)) return BadQuery("cursor is none that a list has given");
    filter.before = std::move(param.value);
    return Ok();
  }
  return BadQuery(fmt::format("'{}' is unknown; allowed: queue, state, limit, cursor", param.name));
}

// The address of the page that begins below `last`.
std::string NextPage(const RecordFilter& filter, const std::string& last) {
  std::string address = fmt::format("/v1/jobs?limit={}", filter.limit);
  if (filter.queue) address += "&queue=" + PercentEncode(*filter.queue);
  if (filter.state) address += fmt::format("&state={}", ToString(*filter.state));
  return address + "&cursor=" + last;
}

}  // namespace

Expected<RecordFilter> ParseJobList(std::string_view query, const JobService& service) {
  auto params = ParseQuery(query);
  if (!params) return std::move(params).error();
  RecordFilter filter;
  filter.limit = kUsualPage;
  for (QueryParam& param : *params) {
    if (auto taken = Take(std::move(param), service, filter); !taken) {
      return std::move(taken).error();
    }
  }
  return filter;
}

Answer JobListAnswer(const JobPage& page, const RecordFilter& filter, const JobService& service) {
  std::vector<Json> items;
  items.reserve(page.jobs.size());
  for (const JobStatus& status : page.jobs) {
    auto item = JobMembers(status, service);
    // A list has no parts, which is not to say that there are none.
    std::erase_if(item, [](const auto& member) { return member.first == "parts"; });
    items.push_back(Json::Object(item));
  }
  std::vector<std::pair<std::string, Json>> members{{"jobs", Json::Array(items)}};
  if (!page.next.empty()) members.emplace_back("next", Json::String(NextPage(filter, page.next)));
  return JsonText(Json::Object(members).Text() + "\n");
}

}  // namespace headrace
