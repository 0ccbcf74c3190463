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
