#include "http/result_answer.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/job_id.h"
#include "base/json.h"
#include "http/base64.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/zip_layout.h"

namespace headrace {
namespace {

constexpr std::size_t kInlineData = std::size_t{1} << 20;     // of one part in a JSON answer
constexpr std::size_t kInlineDataSum = std::size_t{8} << 20;  // of all its parts

std::string_view View(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Types that a browser may show: none can run a script, and the CSP sandboxes them anyway.
bool MayBeShown(std::string_view type) {
  return type == "image/png" || type == "image/jpeg" || type == "application/json" ||
         type == "text/plain";
}

// Only what cannot break out of a quoted string or mean a path; part names are validated before,
// this is the last line.
std::string SafeName(std::string_view name) {
  std::string safe;
  for (char c : name.substr(0, 200)) {
    const auto u = static_cast<unsigned char>(c);
    const bool bad = u < 0x20 || u >= 0x7f || c == '"' || c == '\\' || c == '/' || c == '%';
    safe.push_back(bad ? '_' : c);
  }
  return safe.empty() ? "result" : safe;
}

// A handler's media type goes into a header: control characters must not.
std::string SafeType(std::string_view type) {
  for (char c : type) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "application/octet-stream";
  }
  return type.empty() ? "application/octet-stream" : std::string(type);
}

void AddResultFields(Answer& answer, std::string_view type, std::string_view name) {
  fmt::format_to(std::back_inserter(answer.fields),
                 "Content-Type: {}\r\nContent-Disposition: {}; filename=\"{}\"\r\n"
                 "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n",
                 type, MayBeShown(type) ? "inline" : "attachment", SafeName(name));
}

Answer PartAnswer(Outcome& outcome) {
  ResultPart& part = outcome.parts.front();
  Answer answer;
  AddResultFields(answer, SafeType(part.media_type), part.name);
  answer.pieces.push_back({"", std::move(part.bytes)});
  return answer;
}

Answer ZipAnswer(Outcome& outcome, const ResultRequest& request) {
  std::vector<ZipEntry> entries;
  entries.reserve(outcome.parts.size());
  for (const auto& part : outcome.parts) {
    entries.push_back({part.name, part.bytes.size(), part.crc32});
  }
  auto layout = LayOutZip(entries);
  if (!layout) return ProblemAnswer(layout.error(), request.job_id);
  Answer answer;
  AddResultFields(answer, "application/zip", fmt::format("{}.zip", request.queue));
  for (std::size_t i = 0; i < outcome.parts.size(); ++i) {
    answer.pieces.push_back({std::move(layout->headers[i]), std::move(outcome.parts[i].bytes)});
  }
  answer.pieces.push_back({std::move(layout->directory), {}});
  return answer;
}

Answer MixedAnswer(Outcome& outcome, const ResultRequest& request) {
  const std::string boundary = RandomHex(32);
  Answer answer;
  AddResultFields(answer, fmt::format("multipart/mixed; boundary={}", boundary),
                  fmt::format("{}.multipart", request.queue));
  std::string_view line_end;
  for (auto& part : outcome.parts) {
    answer.pieces.push_back(
        {fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Disposition: attachment; "
                     "filename=\"{}\"\r\nContent-Length: {}\r\n\r\n",
                     line_end, boundary, SafeType(part.media_type), SafeName(part.name),
                     part.bytes.size()),
         std::move(part.bytes)});
    line_end = "\r\n";
  }
  answer.pieces.push_back({fmt::format("{}--{}--\r\n", line_end, boundary), {}});
  return answer;
}

Json Milliseconds(Seconds time) { return Json::Number(time.count() * 1000.0); }

Answer JsonAnswer(const Outcome& outcome, const ResultRequest& request) {
  std::vector<Json> parts;
  std::size_t sum = 0;
  for (const auto& part : outcome.parts) {
    std::vector<std::pair<std::string, Json>> members{
        {"name", Json::String(part.name)},
        {"media_type", Json::String(part.media_type)},
        {"size", Json::Number(static_cast<std::uint64_t>(part.bytes.size()))}};
    if (part.bytes.size() <= kInlineData && sum + part.bytes.size() <= kInlineDataSum) {
      sum += part.bytes.size();
      std::string data;
      AppendBase64(data, View(part.bytes));
      members.emplace_back("base64", Json::String(data));
    }
    parts.push_back(Json::Object(members));
  }
  Answer answer;
  AddResultFields(answer, "application/json", "result.json");
  answer.text = Json::Object({{"job_id", Json::String(request.job_id)},
                              {"queue", Json::String(request.queue)},
                              {"state", Json::String(ToString(outcome.state))},
                              {"wait_ms", Milliseconds(outcome.timings.wait)},
                              {"run_ms", Milliseconds(outcome.timings.run)},
                              {"parts", Json::Array(parts)}})
                    .Text();
  answer.text += '\n';
  return answer;
}

Error NotAcceptable() {
  return {ErrorCode::kNotAcceptable, "not-acceptable",
          "the result can be sent as application/zip, application/json or multipart/mixed, and as "
          "itself if it is one part; none of them is accepted",
          "", 0};
}

Answer ResultAnswer(Outcome& outcome, const ResultRequest& request) {
  if (outcome.parts.empty()) {
    Answer empty;
    empty.status = 204;
    return empty;
  }
  const bool single = outcome.parts.size() == 1;
  enum Form { kPart, kZip, kJson, kMixed };
  const std::array<std::string_view, 4> offers{outcome.parts.front().media_type, "application/zip",
                                               "application/json", "multipart/mixed"};
  const Accept accept(request.accept);
  const auto best = single ? accept.Best(offers) : accept.Best(std::span(offers).subspan(1));
  if (!best) return ProblemAnswer(NotAcceptable(), request.job_id);
  switch (static_cast<Form>(*best + (single ? 0 : 1))) {
    case kPart:
      return PartAnswer(outcome);
    case kZip:
      return ZipAnswer(outcome, request);
    case kJson:
      return JsonAnswer(outcome, request);
    case kMixed:
      return MixedAnswer(outcome, request);
  }
  return ProblemAnswer(NotAcceptable(), request.job_id);
}

}  // namespace

Answer OutcomeAnswer(Outcome outcome, const ResultRequest& request) {
  Answer answer;
  if (outcome.state == JobState::kSucceeded) {
    answer = ResultAnswer(outcome, request);
  } else {
    const Error unknown{ErrorCode::kInternal, "", "the job failed", "no error was given", 0};
    answer = ProblemAnswer(outcome.error.value_or(unknown), request.job_id);
  }
  const auto out = std::back_inserter(answer.fields);
  if (!request.job_id.empty()) {
    fmt::format_to(out, "Job-Id: {}\r\nServer-Timing: queue;dur={:.3f}, run;dur={:.3f}\r\n",
                   request.job_id, outcome.timings.wait.count() * 1000.0,
                   outcome.timings.run.count() * 1000.0);
  }
  return answer;
}

}  // namespace headrace
