#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "base/sync.h"
#include "base/timer.h"
#include "base/utc_time.h"
#include "engine/job_store.h"
#include "engine/kept_job.h"
#include "metrics/metrics.h"
#include "net/webhook_client.h"
#include "service/fair_lines.h"
#include "service/webhook_event.h"
#include "service/webhook_url.h"

namespace headrace {

struct WebhookOptions {
  WebhookPolicy policy;
  std::vector<std::string> keys;  // see LoadWebhookSecrets; without any nothing is signed
  // How long after the first, second, ... failed attempt the next one is due, and up to `jitter`
  // (a share of it) longer. After one attempt more than there are entries it is given up.
  std::vector<std::chrono::seconds> schedule{
      std::chrono::seconds(5),  std::chrono::seconds(30), std::chrono::minutes(2),
      std::chrono::minutes(10), std::chrono::minutes(30), std::chrono::hours(1),
      std::chrono::hours(2),    std::chrono::hours(4),    std::chrono::hours(8)};
  double jitter = 0.2;
  std::chrono::seconds max_retry_after{3600};       // a longer Retry-After counts as this
  std::size_t concurrency = 16;                     // deliveries at once
  std::size_t per_host = 4;                         // of them to one host
  std::size_t inline_max = std::size_t{64} << 10U;  // bytes of a result that go with its event
  // Its allow_*, concurrency and max_waiting are taken from the above.
  WebhookClientOptions client;
};

// What deliveries need of the rest of the service. The first three must be set; they may
// be called from any thread and must not block.
struct WebhookSeams {
  using Found = std::function<void(Expected<std::optional<JobRecord>>)>;
  // As JobStore::Load: calls `found` once, from any thread, also from within the call.
  std::function<void(const std::string& id, const PartBytes& bytes, Found found)> load;
  // As JobStore::SetDelivery, whose failure is told elsewhere. Calls about one job come in order.
  std::function<void(const std::string& id, const std::optional<PendingDelivery>& next)>
      set_delivery;
  // What the event says of the job: its status as the API tells it.
  std::function<JsonMembers(const JobRecord& record)> status;

  // For tests. Null: a WebhookClient, a timer of its own, the clocks, random numbers below 1.
  std::function<void(WebhookRequest request, WebhookClient::Done done)> send;
  std::function<void(SteadyTime when, std::function<void()> callback)> at;
  std::function<SteadyTime()> now;
  std::function<UtcTime()> utc_now;
  std::function<double()> random;
};

// Tells webhooks of the ends of jobs: loads the record, signs, sends, and tries again until the
// receiver has taken it or the schedule is over. A delivery is told to the store before and after
// each attempt, so that it goes on after a restart: at least once, with the same webhook-id each
// time. Never two requests for one job at once. Jobs wait in memory by their ids alone; records are
// loaded when it is their turn. Thread-safe.
class Webhooks {
 public:
  Webhooks(WebhookOptions options, WebhookSeams seams);
  ~Webhooks();  // Stop
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // Takes up what former processes have left, each when it is due.
  void Resume(const std::vector<PendingDelivery>& pending);

  // A reload: what is sent from now on is signed with these.
  void SetKeys(std::vector<std::string> keys) EXCLUDES(mu_);
  [[nodiscard]] std::vector<std::string> Keys() const EXCLUDES(mu_);

  // The job has ended and its record is kept: `load` finds it. The URL in it is told. A
  // job that is being told already is left alone.
  void Deliver(const std::string& job_id);

  // Ends all requests at once; their deliveries are due again at once after a restart. When it
  // returns no seam is called any more: before the store is closed. May be called twice, by one
  // thread.
  void Stop();

  [[nodiscard]] WebhookFigures Figures() const;

 private:
  struct Delivery {
    std::uint32_t failed = 0;  // attempts
    std::string host;          // empty: not known before the record is loaded
    std::string tenant;        // the same
  };
  // A delivery whose turn it is.
  struct Turn {
    FairLines::Next next;
    std::uint32_t failed = 0;
    std::string url;
  };

  void Add(const PendingDelivery& pending);
  void MakeDue(const std::string& job_id);
  void MakeDueAt(SteadyTime when, const std::string& job_id);
  void Pump();
  std::optional<Turn> TakeTurn();
  void EndCall();

  void Load(Turn turn, const PartBytes& bytes);
  void OnRecord(Turn turn, bool with_bytes, const Expected<std::optional<JobRecord>>& found);
  [[nodiscard]] bool FindUrl(Turn& turn, const JobRecord& record);
  [[nodiscard]] bool MoveTo(const std::string& host, const std::string& tenant, Turn& turn);
  void Attempt(Turn turn, const JobRecord& record, bool inlined);
  void OnAnswer(const Turn& turn, const WebhookAnswer& answer);
  void OnFailure(const Turn& turn, const WebhookAnswer& answer);

  // The ways in which a turn ends.
  void Succeed(const Turn& turn, int status);
  void GiveUp(const Turn& turn, std::string_view why);
  void Retry(const Turn& turn, std::uint32_t failed, SteadyTime due);
  void Postpone(const Turn& turn, std::string_view why);
  void Forget(const Turn& turn, std::uint64_t WebhookFigures::*counter);

  [[nodiscard]] SteadyTime RetryAt(std::uint32_t failed, std::chrono::seconds retry_after) const;

  const WebhookOptions options_;
  WebhookSeams seams_;  // constant after construction
  LogLimit postponed_;
  mutable Mutex mu_;
  CondVar idle_;
  std::unordered_map<std::string, Delivery> deliveries_ GUARDED_BY(mu_);
  FairLines lines_ GUARDED_BY(mu_);  // those that are due
  std::vector<std::string> keys_ GUARDED_BY(mu_);
  WebhookFigures figures_ GUARDED_BY(mu_);
  bool pumping_ GUARDED_BY(mu_) = false;
  bool stopped_ GUARDED_BY(mu_) = false;
  std::size_t calls_ GUARDED_BY(mu_) = 0;  // of this object, that are at work or will come
  std::unique_ptr<Timer> timer_;           // both call this object, and end before all above
  std::unique_ptr<WebhookClient> client_;
};

}  // namespace headrace
