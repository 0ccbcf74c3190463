#include "service/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/random_share.h"
#include "net/http_url.h"
#include "net/webhook_signature.h"

namespace headrace {
namespace {

constexpr std::chrono::seconds kPostponed{30};  // the store does not work, or memory is short
constexpr int kGone = 410;

WebhookClientOptions ClientOptions(const WebhookOptions& options) {
  WebhookClientOptions client = options.client;
  client.allow_http = options.policy.allow_http;
  client.allow_private = options.policy.allow_private;
  client.concurrency = options.concurrency;
  client.max_waiting = options.concurrency;
  return client;
}

bool IsSuccess(const WebhookAnswer& answer) {
  return answer.end == WebhookEnd::kAnswered && answer.status >= 200 && answer.status < 300;
}

}  // namespace

Webhooks::Webhooks(WebhookOptions options, WebhookSeams seams)
    : options_(std::move(options)),
      seams_(std::move(seams)),
      lines_(options_.concurrency, options_.per_host),
      keys_(options_.keys) {
  if (!seams_.now) seams_.now = SteadyClock::now;
  if (!seams_.utc_now) seams_.utc_now = UtcNow;
  if (!seams_.random) seams_.random = RandomShare;
  if (!seams_.at) {
    timer_ = std::make_unique<Timer>();
    seams_.at = [this](SteadyTime when, std::function<void()> callback) {
      timer_->Schedule(Deadline::At(when), std::move(callback));
    };
  }
  if (!seams_.send) {
    client_ = std::make_unique<WebhookClient>(ClientOptions(options_));
    seams_.send = [this](WebhookRequest request, WebhookClient::Done done) {
      client_->Send(std::move(request), std::move(done));
    };
  }
}

void Webhooks::Resume(const std::vector<PendingDelivery>& pending) {
  for (const PendingDelivery& each : pending) Add(each);
}

Webhooks::~Webhooks() { Stop(); }

// What has begun is waited for; the timer may still call, but nothing begins any more.
void Webhooks::Stop() {
  {
    const MutexLock lock(mu_);
    stopped_ = true;
  }
  if (client_) client_->Stop();
  const MutexLock lock(mu_);
  while (calls_ > 0) idle_.Wait(mu_);
}

WebhookFigures Webhooks::Figures() const {
  const MutexLock lock(mu_);
  WebhookFigures figures = figures_;
  figures.pending = deliveries_.size();
  return figures;
}

void Webhooks::SetKeys(std::vector<std::string> keys) {
  const MutexLock lock(mu_);
  keys_ = std::move(keys);
}

std::vector<std::string> Webhooks::Keys() const {
  const MutexLock lock(mu_);
  return keys_;
}

void Webhooks::Deliver(const std::string& job_id) { Add({job_id, 0, SteadyTime::min()}); }

// An attempt that had begun when the process died is counted as a failed one, but it may not have
// been made: the last one is made again.
void Webhooks::Add(const PendingDelivery& pending) {
  const auto most = static_cast<std::uint32_t>(options_.schedule.size());
  {
    const MutexLock lock(mu_);
    Delivery delivery;
    delivery.failed = std::min(pending.attempts, most);
    if (stopped_ || !deliveries_.emplace(pending.job_id, delivery).second) return;
  }
  if (pending.due <= seams_.now()) return MakeDue(pending.job_id);
  MakeDueAt(pending.due, pending.job_id);
}

void Webhooks::MakeDueAt(SteadyTime when, const std::string& job_id) {
  seams_.at(when, [this, job_id] { MakeDue(job_id); });
}

void Webhooks::MakeDue(const std::string& job_id) {
  {
    const MutexLock lock(mu_);
    const auto found = deliveries_.find(job_id);
    if (found == deliveries_.end()) return;
    lines_.Add(found->second.host, found->second.tenant, job_id);
  }
  Pump();
}

// Begins whatever may begin. One thread at a time: the seams may answer from within their call, and
// whoever comes meanwhile has put his one into the lines before.
void Webhooks::Pump() {
  {
    const MutexLock lock(mu_);
    if (std::exchange(pumping_, true)) return;
  }
  while (auto turn = TakeTurn()) {
    Load(*std::move(turn), PartBytes::None());
    EndCall();
  }
}

std::optional<Webhooks::Turn> Webhooks::TakeTurn() {
  const MutexLock lock(mu_);
  auto next = stopped_ ? std::nullopt : lines_.Take();
  if (!next) {
    pumping_ = false;
    return std::nullopt;
  }
  ++calls_;
  const std::uint32_t failed = deliveries_.find(next->id)->second.failed;
  return Turn{*std::move(next), failed, {}};
}

void Webhooks::EndCall() {
  const MutexLock lock(mu_);
  --calls_;
  idle_.NotifyAll();  // under the lock: whoever waits may destroy this right after it
}

void Webhooks::Load(Turn turn, const PartBytes& bytes) {
  {
    const MutexLock lock(mu_);
    ++calls_;
  }
  const std::string id = turn.next.id;
  seams_.load(id, bytes,
              [this, turn = std::move(turn),
               with_bytes = bytes.Any()](const Expected<std::optional<JobRecord>>& found) {
                OnRecord(turn, with_bytes, found);
                Pump();  // it may have left its line for another one
                EndCall();
              });
}

void Webhooks::OnRecord(Turn turn, bool with_bytes,
                        const Expected<std::optional<JobRecord>>& found) {
  if (!found) return Postpone(turn, found.error().detail);
  if (!*found || !(*found)->end) return GiveUp(turn, "there is no record of its end any more");
  const JobRecord& record = **found;
  if (!FindUrl(turn, record)) return;
  const bool inlined = IsInlined(record, options_.inline_max);
  if (inlined && !with_bytes && !record.end->outcome.parts.empty()) {
    return Load(std::move(turn), PartBytes::OfAll());
  }
  Attempt(std::move(turn), record, inlined);
}

// False: the turn has ended.
bool Webhooks::FindUrl(Turn& turn, const JobRecord& record) {
  turn.url = record.job.webhook_url;
  if (turn.url.empty()) {
    GiveUp(turn, "the job has no webhook");
    return false;
  }
  const Status allowed = CheckWebhookUrl(turn.url, options_.policy);
  if (!allowed) {
    GiveUp(turn, allowed.error().hint);
    return false;
  }
  const std::string host = ParseHttpUrl(turn.url)->host;
  return host == turn.next.host || MoveTo(host, record.job.tenant, turn);
}

// Its host is known only now. False: it waits again, in that one's line.
bool Webhooks::MoveTo(const std::string& host, const std::string& tenant, Turn& turn) {
  const MutexLock lock(mu_);
  Delivery& delivery = deliveries_.find(turn.next.id)->second;
  delivery.host = host;
  delivery.tenant = tenant;
  if (lines_.Move(turn.next.host, host)) {
    turn.next.host = host;
    return true;
  }
  lines_.Leave(turn.next.host);
  lines_.Add(host, tenant, turn.next.id);
  return false;
}

void Webhooks::Attempt(Turn turn, const JobRecord& record, bool inlined) {
  WebhookRequest request;
  try {
    request.body = WebhookBody(record, seams_.status(record), inlined);
  } catch (const std::bad_alloc&) {
    return Postpone(turn, "memory is short");
  }
  const std::string id = WebhookId(turn.next.id);
  const auto timestamp =
      std::chrono::duration_cast<std::chrono::seconds>(seams_.utc_now().time_since_epoch());
  request.url = turn.url;
  request.fields = WebhookFields(Keys(), id, timestamp.count(), request.body);
  request.fields.emplace_back("Content-Type: application/json");
  const std::uint32_t counted = turn.failed + 1;
  seams_.set_delivery(turn.next.id, PendingDelivery{turn.next.id, counted, RetryAt(counted, {})});
  {
    const MutexLock lock(mu_);
    ++calls_;
    ++figures_.in_flight;
  }
  seams_.send(std::move(request), [this, turn = std::move(turn)](const WebhookAnswer& answer) {
    OnAnswer(turn, answer);
    EndCall();
  });
}

void Webhooks::OnAnswer(const Turn& turn, const WebhookAnswer& answer) {
  {
    const MutexLock lock(mu_);
    --figures_.in_flight;
  }
  if (IsSuccess(answer)) return Succeed(turn, answer.status);
  switch (answer.end) {
    case WebhookEnd::kAborted:
      return seams_.set_delivery(turn.next.id,
                                 PendingDelivery{turn.next.id, turn.failed, seams_.now()});
    case WebhookEnd::kBusy:
      return Postpone(turn, answer.detail);
    case WebhookEnd::kAnswered:
    case WebhookEnd::kFailed:
    case WebhookEnd::kRefused:
      return OnFailure(turn, answer);
  }
}

void Webhooks::OnFailure(const Turn& turn, const WebhookAnswer& answer) {
  {
    const MutexLock lock(mu_);
    ++figures_.failed;
  }
  const std::uint32_t failed = turn.failed + 1;
  LogInfo("webhook failed", {{"job_id", turn.next.id},
                             {"host", turn.next.host},
                             {"attempt", failed},
                             {"detail", answer.detail}});
  if (answer.status == kGone) return GiveUp(turn, "its receiver is gone (410)");
  if (answer.end == WebhookEnd::kRefused && CallsLiteralAddress(turn.url)) {
    return GiveUp(turn, answer.detail);
  }
  if (failed > options_.schedule.size()) {
    return GiveUp(turn,
                  fmt::format("{} attempts have failed; the last: {}", failed, answer.detail));
  }
  Retry(turn, failed, RetryAt(failed, answer.retry_after));
}

SteadyTime Webhooks::RetryAt(std::uint32_t failed, std::chrono::seconds retry_after) const {
  const std::size_t index = std::min<std::size_t>(failed, options_.schedule.size()) - 1;
  const Seconds planned = options_.schedule[index] * (1.0 + options_.jitter * seams_.random());
  const Seconds asked = std::min(retry_after, options_.max_retry_after);
  return seams_.now() + std::chrono::duration_cast<SteadyClock::duration>(std::max(planned, asked));
}

void Webhooks::Succeed(const Turn& turn, int status) {
  LogInfo("webhook told", {{"job_id", turn.next.id},
                           {"host", turn.next.host},
                           {"attempt", turn.failed + 1},
                           {"status", status}});
  Forget(turn, &WebhookFigures::sent);
}

void Webhooks::GiveUp(const Turn& turn, std::string_view why) {
  LogWarn("webhook given up",
          {{"job_id", turn.next.id}, {"host", turn.next.host}, {"detail", why}});
  Forget(turn, &WebhookFigures::given_up);
}

void Webhooks::Forget(const Turn& turn, std::uint64_t WebhookFigures::*counter) {
  {
    const MutexLock lock(mu_);
    ++(figures_.*counter);
  }
  seams_.set_delivery(turn.next.id, std::nullopt);
  {
    const MutexLock lock(mu_);
    deliveries_.erase(turn.next.id);
    lines_.Leave(turn.next.host);
  }
  Pump();
}

void Webhooks::Retry(const Turn& turn, std::uint32_t failed, SteadyTime due) {
  seams_.set_delivery(turn.next.id, PendingDelivery{turn.next.id, failed, due});
  {
    const MutexLock lock(mu_);
    deliveries_.find(turn.next.id)->second.failed = failed;
    lines_.Leave(turn.next.host);
  }
  MakeDueAt(due, turn.next.id);
  Pump();
}

// Nothing was sent, so no attempt counts.
void Webhooks::Postpone(const Turn& turn, std::string_view why) {
  if (postponed_.Allows()) {
    LogWarn("webhook put off", {{"job_id", turn.next.id},
                                {"delay_seconds", Seconds(kPostponed).count()},
                                {"detail", why}});
  }
  {
    const MutexLock lock(mu_);
    lines_.Leave(turn.next.host);
  }
  MakeDueAt(seams_.now() + kPostponed, turn.next.id);
  Pump();
}

}  // namespace headrace
