#include "http/jobs/job_events.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "http/edge/connection.h"
#include "http/jobs/job_views.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr std::chrono::seconds kKeepAlive{15};

constexpr std::uint32_t kWaiting = 0;
constexpr std::uint32_t kRunning = 1;
constexpr std::uint32_t kEnded = 2;

bool TakeNumber(std::string_view& text, std::uint32_t& number, char end) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto taken = static_cast<std::size_t>(at - text.data());
  if (error != std::errc{}) return false;
  if (end == '\0') return taken == text.size();
  if (taken == text.size() || *at != end) return false;
  text.remove_prefix(taken + 1);
  return true;
}

std::vector<AnswerPiece> Text(std::string text) {
  std::vector<AnswerPiece> pieces;
  pieces.push_back({std::move(text), {}});
  return pieces;
}

}  // namespace

std::string EventPlace::Text() const { return fmt::format("{}-{}-{}", attempt, stage, done); }

std::optional<EventPlace> EventPlace::Parse(std::string_view text) {
  EventPlace place;
  if (!TakeNumber(text, place.attempt, '-') || !TakeNumber(text, place.stage, '-') ||
      !TakeNumber(text, place.done, '\0')) {
    return std::nullopt;
  }
  return place;
}

EventPlace EventPlace::Of(const JobStatus& status) {
  EventPlace place;
  place.attempt = status.record.job.attempt;
  if (status.record.state == JobState::kWaiting) {
    place.attempt += 1;  // the one that it waits for
    place.stage = kWaiting;
  } else {
    place.stage = status.record.end ? kEnded : kRunning;
    place.done = status.record.end ? 0 : status.steps.done;
  }
  return place;
}

void JobEvents::Begin(Expected<JobStatus> status) {
  link_->Post([self = shared_from_this(), status = std::move(status)] {
    const auto connection = self->connection_.lock();
    if (!connection || self->ended_) return;
    CloseIfThrown(*connection, [&] {
      if (!status) return connection->Respond(ProblemAnswer(status.error()));
      self->Open(*connection, *status);
    });
  });
}

void JobEvents::Open(Connection& connection, const JobStatus& status) {
  if (status.record.end && last_ && *last_ >= EventPlace::Of(status)) {
    Answer nothing;
    nothing.status = 204;
    nothing.Add("Job-Id", status.record.job.id);
    return connection.Respond(std::move(nothing));
  }
  Answer head;
  head.fields = "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n";
  head.Add("Job-Id", status.record.job.id);
  head.streamed = true;
  connection.RespondStream(std::move(head));
  begun_ = true;
  KeepAlive();
  Take(connection, status, JobJson(status, service_));
}

void JobEvents::OnStatus(const std::shared_ptr<const JobStatus>& status) {
  link_->Post([self = shared_from_this(), status, json = texts_->Of(status)] {
    const auto connection = self->connection_.lock();
    if (!connection || self->ended_ || !self->begun_) return;
    CloseIfThrown(*connection, [&] { self->Take(*connection, *status, *json); });
  });
}

// Its end was told to the client that waited for it, and to nobody else.
void JobEvents::OnGone() {
  link_->Post([self = shared_from_this()] {
    const auto connection = self->connection_.lock();
    if (!connection || self->ended_ || !self->begun_) return;
    self->End();
    CloseIfThrown(*connection, [&] { connection->EndStream(""); });
  });
}

// Statuses may come twice, and, read by several threads, out of order: what is not new is dropped.
// `json` is a line of its own, with its end.
void JobEvents::Take(Connection& connection, const JobStatus& status, std::string_view json) {
  const EventPlace place = EventPlace::Of(status);
  std::string events;
  if (!last_ || *last_ < place) {
    const bool same_state = last_ && last_->attempt == place.attempt && last_->stage == place.stage;
    const bool missed_start = last_ && place.stage == kEnded && status.record.job.started &&
                              *last_ < EventPlace{place.attempt, kRunning, 0};
    if (missed_start) {
      JobStatus started = status;
      started.record.state = JobState::kRunning;
      started.record.end.reset();
      events += Event(EventPlace::Of(started), JobJson(started, service_), "state");
    }
    events += Event(place, json, same_state ? "progress" : "state");
  }
  if (place.stage != kEnded) return connection.Stream(Text(std::move(events)));
  End();
  connection.EndStream("", Text(std::move(events)));
}

std::string JobEvents::Event(const EventPlace& place, std::string_view json,
                             std::string_view name) {
  last_ = place;
  return fmt::format("id: {}\nevent: {}\ndata: {}\n", place.Text(), name, json);
}

void JobEvents::End() {
  ended_ = true;
  timer_.Cancel(keep_alive_);
}

// Something for those between, who end connections that are silent; again and again.
void JobEvents::KeepAlive() {
  keep_alive_ = timer_.Schedule(Deadline::After(kKeepAlive), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->link_->Post([self] { self->Beat(); });
  });
}

void JobEvents::Beat() {
  const auto connection = connection_.lock();
  if (!connection || ended_) return;
  KeepAlive();
  CloseIfThrown(*connection, [&] { connection->Stream(Text(": still here\n\n")); });
}

}  // namespace headrace
