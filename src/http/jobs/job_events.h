#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/timer.h"
#include "http/edge/reactor_link.h"
#include "http/edge/site.h"
#include "http/jobs/status_texts.h"
#include "service/job_service.h"

namespace headrace {

class Connection;

// Where an event stands in a job's life: attempts, states and steps only grow. Its text is the id
// of the event.
struct EventPlace {
  std::uint32_t attempt = 0;
  std::uint32_t stage = 0;  // 0 waiting, 1 running, 2 ended
  std::uint32_t done = 0;   // steps

  [[nodiscard]] std::string Text() const;
  static std::optional<EventPlace> Parse(std::string_view text);
  static EventPlace Of(const JobStatus& status);
  // NOLINTNEXTLINE(modernize-use-nullptr): a known mistake of the check about <=>
  friend auto operator<=>(const EventPlace&, const EventPlace&) = default;
};

// A job's changes as server-sent events (HTML, 9.2): `state` with the job's status at each new
// state, `progress` at each step, until its end, with which the stream ends. A client that comes
// back with Last-Event-ID is told what it has missed; one that had heard of the end gets 204, which
// ends its asking. OnStatus comes from any thread, the rest on the connection's reactor.
class JobEvents final : public JobWatcher,
                        public Pending,
                        public std::enable_shared_from_this<JobEvents> {
 public:
  // `timer` outlives it. NOLINTNEXTLINE(readability-function-size): what it stands between
  JobEvents(std::weak_ptr<Connection> connection, std::shared_ptr<ReactorLink> link,
            const JobService& service, std::shared_ptr<StatusTexts> texts, Timer& timer,
            std::string_view last_event_id)
      : connection_(std::move(connection)),
        link_(std::move(link)),
        service_(service),
        texts_(std::move(texts)),
        timer_(timer),
        last_(EventPlace::Parse(last_event_id)) {}

  void OnStatus(const std::shared_ptr<const JobStatus>& status) override;
  void OnGone() override;
  // What the job was when the stream began; the answer begins with it, or is an error.
  void Begin(Expected<JobStatus> status);
  void Abandon() override { End(); }

 private:
  void Open(Connection& connection, const JobStatus& status);
  void End();
  void KeepAlive();
  void Beat();
  void Take(Connection& connection, const JobStatus& status, std::string_view json);
  // As it is sent.
  std::string Event(const EventPlace& place, std::string_view json, std::string_view name);

  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<ReactorLink> link_;
  const JobService& service_;
  const std::shared_ptr<StatusTexts> texts_;
  Timer& timer_;
  Timer::Ticket keep_alive_;
  std::optional<EventPlace> last_;  // what the client has heard of
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace headrace
