#include "http/jobs/kept_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "http/jobs/result_answer.h"
#include "http/message/problem.h"
#include "http/message/range.h"

namespace headrace {
namespace {

Error NotEnded(JobState state, int retry_after) {
  return {ErrorCode::kConflict, "not-ended",
          fmt::format("the job is {}; ask again after Retry-After seconds, or for its events",
                      ToString(state)),
          "", retry_after};
}

Error DidNotSucceed(JobState state) {
  return {ErrorCode::kConflict, "no-result",
          fmt::format("the job is {} and has no result; its status says why", ToString(state)), "",
          0};
}

Error Dropped() {
  return {ErrorCode::kGone, "gone", "the result is not kept any more; send the work again", "", 0};
}

Error NoSuchPart() {
  return {ErrorCode::kNotFound, "no-such-part",
          "the result has no part of this name; the job's status lists them", "", 0};
}

Error BehindTheEnd() {
  return {ErrorCode::kRangeNotSatisfiable, "", "the range lies behind the end of the part", "", 0};
}

Answer Problem(const Error& error, std::string_view job_id) {
  Answer answer = ProblemAnswer(error, job_id);
  answer.Add("Job-Id", job_id);
  return answer;
}

// The bytes of a part never change, and no other job's part has the same.
std::string TagOf(const ResultPart& part, std::string_view job_id) {
  return fmt::format("\"{}-{:08x}-{}\"", job_id, part.crc32, part.bytes.size());
}

// A part as itself, or a range of it, or that the client has it already.
Answer PartAnswer(Answer answer, const RequestHead& head, const std::string& tag,
                  std::string_view job_id) {
  const std::uint64_t size = answer.BodySize();
  answer.Add("ETag", tag);
  answer.Add("Accept-Ranges", "bytes");
  const std::string known = head.List("If-None-Match");
  if (!known.empty() && MatchesTag(known, tag)) {
    answer.status = 304;
    answer.pieces.clear();
    return answer;
  }
  const std::string_view if_range = head.Find("If-Range");
  ByteRange range;
  // Only GET has ranges (RFC 9110, 14.2).
  const bool asked = head.method == "GET" && (if_range.empty() || if_range == tag);
  switch (asked ? ParseRange(head.Find("Range"), size, range) : RangeKind::kWhole) {
    case RangeKind::kWhole:
      return answer;
    case RangeKind::kUnsatisfiable: {
      Answer problem = Problem(BehindTheEnd(), job_id);
      problem.Add("Content-Range", fmt::format("bytes */{}", size));
      return problem;
    }
    case RangeKind::kPart:
      answer.status = 206;
      answer.Add("Content-Range",
                 fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size));
      answer.pieces.front().first = static_cast<std::size_t>(range.first);
      answer.pieces.front().length = static_cast<std::size_t>(range.length);
      return answer;
  }
  return answer;
}

}  // namespace

Answer KeptResultAnswer(JobStatus status, std::string_view part, const RequestHead& head,
                        int retry_after) {
  const std::string& id = status.record.job.id;
  if (!status.record.end) {
    return Problem(NotEnded(status.record.state, retry_after), id);
  }
  if (status.record.state != JobState::kSucceeded) {
    return Problem(DidNotSucceed(status.record.state), id);
  }
  if (status.record.result_dropped) return Problem(Dropped(), id);
  Outcome outcome = std::move(status.record.end->outcome);
  if (!part.empty()) {
    std::erase_if(outcome.parts, [part](const ResultPart& one) { return one.name != part; });
    if (outcome.parts.empty()) return Problem(NoSuchPart(), id);
  }
  const std::string accept = part.empty() ? head.List("Accept") : std::string();
  const bool itself =
      outcome.parts.size() == 1 && IsSentAsItself(accept, outcome.parts.front().media_type);
  const std::string tag = itself ? TagOf(outcome.parts.front(), id) : std::string();
  Answer answer = OutcomeAnswer(std::move(outcome), {accept, id, status.record.job.queue});
  if (answer.status < 400) {
    // Whoever has a copy asks whether the result is still there, and nobody keeps one for others.
    answer.Add("Cache-Control", "private, no-cache");
    if (part.empty()) answer.Add("Vary", "Accept");
  }
  return itself ? PartAnswer(std::move(answer), head, tag, id) : answer;
}

}  // namespace headrace
