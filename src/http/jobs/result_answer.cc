#include "http/jobs/result_answer.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "http/jobs/result_packer.h"
#include "http/message/negotiation.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr std::size_t kInlineData = std::size_t{1} << 20;     // of one part in a JSON answer
constexpr std::size_t kInlineDataSum = std::size_t{8} << 20;  // of all its parts

enum class ResultForm { kPart, kZip, kJson, kMixed };

// What the client likes best of the forms that the result has; nothing: it takes none of them.
std::optional<ResultForm> BestForm(const Accept& accept, std::string_view media_type, bool single) {
  const std::array<std::string_view, 4> offers{media_type, "application/zip", "application/json",
                                               "multipart/mixed"};
  const std::size_t first = single ? 0 : 1;
  const auto best = accept.Best(std::span(offers).subspan(first));
  if (!best) return std::nullopt;
  return static_cast<ResultForm>(*best + first);
}

Answer PartAnswer(Outcome& outcome) {
  ResultPart& part = outcome.parts.front();
  Answer answer;
  AddResultFields(answer, part.media_type, part.name);
  answer.pieces.push_back({"", std::move(part.bytes)});
  return answer;
}

Answer PackedAnswer(Outcome& outcome, const ResultRequest& request, ResultPacker::Form form) {
  ResultPacker packer(form, request.queue);
  Answer answer;
  packer.AddFields(answer, outcome.parts.front());
  for (auto& part : outcome.parts) {
    auto piece = packer.Part(std::move(part));
    if (!piece) return ProblemAnswer(piece.error(), request.job_id);
    answer.pieces.push_back(*std::move(piece));
  }
  auto end = packer.End();
  if (!end) return ProblemAnswer(end.error(), request.job_id);
  answer.pieces.push_back(*std::move(end));
  return answer;
}

Json Milliseconds(Seconds time) { return Json::Number(time.count() * 1000.0); }

// An object of the list of parts, up to where its bytes or its end come.
std::string PartText(const ResultPart& part) {
  return fmt::format(R"({{"name":{},"media_type":{},"size":{})", Json::String(part.name).Text(),
                     Json::String(part.media_type).Text(), part.bytes.size());
}

// Piece by piece: the bytes stay where they lie, and are charged there, until they are sent.
Answer JsonAnswer(Outcome& outcome, const ResultRequest& request) {
  Answer answer;
  AddResultFields(answer, "application/json", "result.json");
  answer.text = fmt::format(R"({{"job_id":{},"queue":{},"state":"{}","wait_ms":{},"run_ms":{},)"
                            R"("parts":[)",
                            Json::String(request.job_id).Text(), Json::String(request.queue).Text(),
                            ToString(outcome.state), Milliseconds(outcome.timings.wait).Text(),
                            Milliseconds(outcome.timings.run).Text());
  std::size_t sum = 0;
  std::string text;
  for (auto& part : outcome.parts) {
    text += PartText(part);
    const std::size_t size = part.bytes.size();
    if (size <= kInlineData && sum + size <= kInlineDataSum) {
      sum += size;
      text += R"(,"base64":")";
      answer.pieces.push_back({std::exchange(text, "\""), std::move(part.bytes), true});
    }
    text += &part == &outcome.parts.back() ? "}" : "},";
  }
  answer.pieces.push_back({text + "]}\n", {}});
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
  const auto form =
      BestForm(Accept(request.accept), outcome.parts.front().media_type, outcome.parts.size() == 1);
  if (!form) return ProblemAnswer(NotAcceptable(), request.job_id);
  switch (*form) {
    case ResultForm::kPart:
      return PartAnswer(outcome);
    case ResultForm::kZip:
      return PackedAnswer(outcome, request, ResultPacker::Form::kZip);
    case ResultForm::kJson:
      return JsonAnswer(outcome, request);
    case ResultForm::kMixed:
      return PackedAnswer(outcome, request, ResultPacker::Form::kMixed);
  }
  return ProblemAnswer(NotAcceptable(), request.job_id);
}

}  // namespace

bool IsSentAsItself(std::string_view accept, std::string_view media_type) {
  return BestForm(Accept(accept), media_type, true) == ResultForm::kPart;
}

std::string ServerTiming(const JobTimings& timings) {
  std::string field = fmt::format("Server-Timing: queue;dur={:.3f}, run;dur={:.3f}",
                                  timings.wait.count() * 1000.0, timings.run.count() * 1000.0);
  // Zero where it is not known: the job never ran, or its client was answered before its end.
  if (timings.cpu.count() > 0) field += fmt::format(", cpu;dur={:.3f}", timings.cpu.count() * 1000);
  if (timings.peak_memory > 0) field += fmt::format(", mem;desc=\"{}\"", timings.peak_memory);
  return field + "\r\n";
}

Answer OutcomeAnswer(Outcome outcome, const ResultRequest& request) {
  Answer answer;
  if (outcome.state == JobState::kSucceeded) {
    answer = ResultAnswer(outcome, request);
  } else {
    const Error unknown{ErrorCode::kInternal, "", "the job failed", "no error was given", 0};
    answer = ProblemAnswer(outcome.error.value_or(unknown), request.job_id);
  }
  if (!request.job_id.empty()) {
    answer.Add("Job-Id", request.job_id);
    answer.fields += ServerTiming(outcome.timings);
  }
  return answer;
}

}  // namespace headrace
