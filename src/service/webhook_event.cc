#include "service/webhook_event.h"

#include <fmt/format.h>

#include <cstdint>
#include <span>

#include "base/base64.h"
#include "base/outcome.h"
#include "base/utc_time.h"

namespace headrace {
namespace {

std::uint64_t SizeOf(const ResultPart& part) { return part.whole_size.value_or(part.bytes.size()); }

JsonMembers PartMembers(const ResultPart& part) {
  return {{"name", Json::String(part.name)},
          {"media_type", Json::String(part.media_type)},
          {"size", Json::Number(SizeOf(part))}};
}

bool HasResult(const JobRecord& record) {
  return record.state == JobState::kSucceeded && record.end && !record.result_dropped;
}

Json Links(const JobRecord& record) {
  const std::string self = "/v1/jobs/" + record.job.id;
  JsonMembers links{{"self", Json::String(self)}};
  if (HasResult(record)) links.emplace_back("result", Json::String(self + "/result"));
  return Json::Object(links);
}

Json Parts(const std::vector<ResultPart>& parts) {
  std::vector<Json> items;
  items.reserve(parts.size());
  for (const ResultPart& part : parts) items.push_back(Json::Object(PartMembers(part)));
  return Json::Array(items);
}

Json PartsWithBytes(const std::vector<ResultPart>& parts) {
  std::vector<Json> items;
  items.reserve(parts.size());
  for (const ResultPart& part : parts) {
    const std::span<const std::byte> bytes = part.bytes.Bytes();
    std::string text;
    AppendBase64(text, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    JsonMembers members = PartMembers(part);
    members.emplace_back("base64", Json::String(text));
    items.push_back(Json::Object(members));
  }
  return Json::Array(items);
}

}  // namespace

JsonMembers RecordStatus(const JobRecord& record) {
  const KeptJob& job = record.job;
  JsonMembers members{{"id", Json::String(job.id)},
                      {"queue", Json::String(job.queue)},
                      {"state", Json::String(ToString(record.state))},
                      {"attempt", Json::Number(std::uint64_t{job.attempt})},
                      {"created", Json::String(ToRfc3339(job.accepted))}};
  if (job.started) members.emplace_back("started", Json::String(ToRfc3339(*job.started)));
  if (record.end) {
    members.emplace_back("ended", Json::String(ToRfc3339(record.end->ended)));
    const Outcome& outcome = record.end->outcome;
    if (outcome.error) {
      members.emplace_back("error", Json::Object({{"type", Json::String(outcome.error->type)},
                                                  {"detail", Json::String(outcome.error->hint)}}));
    }
    if (HasResult(record)) members.emplace_back("parts", Parts(outcome.parts));
  }
  members.emplace_back("links", Links(record));
  return members;
}

std::string WebhookId(std::string_view job_id) { return fmt::format("msg_{}", job_id); }

bool IsInlined(const JobRecord& record, std::size_t inline_max) {
  if (!HasResult(record)) return false;
  std::uint64_t sum = 0;
  for (const ResultPart& part : record.end->outcome.parts) {
    if (SizeOf(part) > inline_max) return false;  // before the sum, which so cannot overflow
    sum += SizeOf(part);
  }
  return sum <= inline_max;
}

std::string WebhookBody(const JobRecord& record, JsonMembers status, bool inlined) {
  if (inlined) {
    status.emplace_back("result",
                        Json::Object({{"parts", PartsWithBytes(record.end->outcome.parts)}}));
  }
  const UtcTime ended = record.end ? record.end->ended : UtcTime{};
  return Json::Object({{"type", Json::String(fmt::format("job.{}", ToString(record.state)))},
                       {"timestamp", Json::String(ToRfc3339(ended))},
                       {"data", Json::Object(status)}})
      .Text();
}

}  // namespace headrace
