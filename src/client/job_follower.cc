#include "client/job_follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/exit_codes.h"
#include "client/pause.h"
#include "client/sse_parser.h"

namespace headrace {
namespace {

using std::chrono::seconds;

constexpr seconds kPollWait{20};  // that the service may wait for the job's end
constexpr seconds kPollGrace{20};
constexpr seconds kPollPace{1};  // where it does not wait
constexpr int kMostSilent = 2;

// It goes back into a header field.
bool IsEventId(const std::string& id) {
  constexpr std::size_t kLongest = 256;
  return id.size() <= kLongest &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

Error Lost(const char* what) { return Broken("broken-answer", what); }

}  // namespace

Expected<JobView> JobFollower::ToEnd(const std::string& id) {
  while (true) {
    auto news = events_work_ ? Listen(id) : Poll(id);
    if (news && *news) return **std::move(news);
    if (news) continue;
    if (auto again = retry_.Again(news.error()); !again) return std::move(again).error();
  }
}

// False: it is no status of a job.
bool JobFollower::TakeEvent(const std::string& event_id, const std::string& data, News& end) {
  auto job = ReadJobView(data);
  if (!job) return false;
  if (IsEventId(event_id)) last_event_id_ = event_id;
  retry_.Reset();
  silent_ = 0;
  tell_(*job);
  if (job->Ended()) end = *std::move(job);
  return true;
}

Expected<JobFollower::News> JobFollower::Listen(const std::string& id) {
  Call call{"GET", fmt::format("/v1/jobs/{}/events", id), {"Accept: text/event-stream"}};
  if (!last_event_id_.empty()) call.fields.push_back("Last-Event-ID: " + last_event_id_);
  News end;
  bool heard = false;
  SseParser parser([&](const ServerEvent& event) {
    if (end || (event.type != "state" && event.type != "progress")) return;
    heard = TakeEvent(event.id, event.data, end) || heard;
  });
  const auto reply = client_.Ask(call, [&](const Reply& head) -> ByteStream {
    if (head.status != 200 || head.media_type != "text/event-stream") return {};
    return [&](std::span<const std::byte> bytes) {
      return parser.Feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) && !end;
    };
  });
  if (end) return end;
  return AfterEvents(reply, heard);
}

// The stream ended, and the job had not.
Expected<JobFollower::News> JobFollower::AfterEvents(const Expected<Reply>& reply, bool heard) {
  if (!reply && !IsLoss(reply.error())) return reply.error();
  if (!heard && ++silent_ >= kMostSilent) events_work_ = false;
  if (!reply) return reply.error();
  const bool stream = reply->status == 200 && reply->media_type == "text/event-stream";
  if (stream) return Lost("the service's events ended before the job");
  if (reply->status == 429 || reply->status == 503) return ProblemOf(*reply);
  events_work_ = false;  // who answers so has none; the status tells what there is
  return News();
}

Expected<JobFollower::News> JobFollower::Poll(const std::string& id) {
  const SteadyTime start = SteadyClock::now();
  const Call call{"GET", "/v1/jobs/" + id, {fmt::format("Prefer: wait={}", kPollWait.count())}};
  const auto reply = client_.AskUntil(call, Deadline::At(start + kPollWait + kPollGrace));
  if (!reply) {
    const bool own_limit = reply.error().code == ErrorCode::kDeadlineExceeded;
    if (own_limit && !client_.deadline().Passed()) return Lost("the service does not answer");
    return reply.error();
  }
  if (reply->status == 404 || reply->status == 410) {
    return JobFailure(
        fmt::format("the service does not know the job any more: {}", ProblemOf(*reply).hint));
  }
  if (reply->status != 200) {
    Error problem = ProblemOf(*reply);
    if (reply->status > 500 && reply->status != 503) problem.type = Lost("").type;  // a proxy's
    return problem;
  }
  auto job = ReadJobView(reply->body);
  if (!job) return std::move(job).error();
  retry_.Reset();
  tell_(*job);
  if (job->Ended()) return News(*std::move(job));
  const Deadline pace = Deadline::At(start + kPollPace);
  if (!PauseUntil(client_.cancel(), std::min(pace, client_.deadline()))) return Interrupted();
  return News();
}

}  // namespace headrace
