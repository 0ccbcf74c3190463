#include "net/webhook_client.h"

#include <curl/curl.h>

#include <list>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "base/sync.h"
#include "net/curl_handles.h"
#include "net/webhook_transfer.h"

namespace headrace {
namespace {

constexpr int kLongestPollMs = 60'000;
constexpr const char* kStopped = "webhooks have stopped";
constexpr const char* kNoMemory = "libcurl has no memory";

WebhookAnswer Ours(WebhookEnd end, const char* detail) {
  WebhookAnswer answer;
  answer.end = end;
  answer.detail = detail;
  return answer;
}

}  // namespace

// The thread and what it drives. Transfers belong to it alone once they have left `waiting_`.
class WebhookClient::Loop {
 public:
  explicit Loop(WebhookClientOptions options);
  ~Loop() { Stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Send(WebhookRequest request, Done done);
  void Stop();

 private:
  using Transfer = std::unique_ptr<WebhookTransfer>;

  void Run();
  void BeginSome();
  void Begin(Transfer transfer);
  [[nodiscard]] bool EndSome();
  void EndAll(const WebhookAnswer& answer);
  void Tell(const WebhookTransfer& transfer, WebhookAnswer answer);
  [[nodiscard]] bool Stopping();
  void WaitForWork();
  Transfer TakeWaiting();

  const WebhookClientOptions options_;
  const CurlMulti multi_;              // outlives the handles that are in it
  std::map<CURL*, Transfer> running_;  // of the thread
  Mutex mu_;
  CondVar changed_;
  std::list<Transfer> waiting_ GUARDED_BY(mu_);
  std::size_t untold_ GUARDED_BY(mu_) = 0;  // those that wait and those that run
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: joined while all above still lives
};

WebhookClient::Loop::Loop(WebhookClientOptions options)
    : options_(std::move(options)), multi_(CurlIsReady() ? curl_multi_init() : nullptr) {
  if (!multi_) return;
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.concurrency));
  thread_ = std::thread([this] { Run(); });
}

void WebhookClient::Loop::Send(WebhookRequest request, Done done) {
  if (!multi_) return done(Ours(WebhookEnd::kFailed, kNoMemory));
  std::list<Transfer> one;
  one.push_back(std::make_unique<WebhookTransfer>(options_, std::move(request), std::move(done)));
  bool stopped = false;
  {
    const MutexLock lock(mu_);
    stopped = stopping_;
    if (!stopped && untold_ < options_.concurrency + options_.max_waiting) {
      waiting_.splice(waiting_.end(), one);
      ++untold_;
    }
  }
  if (one.empty()) {
    changed_.NotifyOne();
    curl_multi_wakeup(multi_.get());
  } else if (stopped) {
    one.front()->Tell(Ours(WebhookEnd::kAborted, kStopped));
  } else {
    one.front()->Tell(Ours(WebhookEnd::kBusy, "too many webhooks wait (max_waiting)"));
  }
}

void WebhookClient::Loop::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

bool WebhookClient::Loop::Stopping() {
  const MutexLock lock(mu_);
  return stopping_;
}

WebhookClient::Loop::Transfer WebhookClient::Loop::TakeWaiting() {
  const MutexLock lock(mu_);
  if (stopping_ || waiting_.empty()) return nullptr;
  Transfer transfer = std::move(waiting_.front());
  waiting_.pop_front();
  return transfer;
}

void WebhookClient::Loop::WaitForWork() {
  const MutexLock lock(mu_);
  while (!stopping_ && waiting_.empty()) changed_.Wait(mu_);
}

void WebhookClient::Loop::Tell(const WebhookTransfer& transfer, WebhookAnswer answer) {
  {
    const MutexLock lock(mu_);
    --untold_;
  }
  transfer.Tell(std::move(answer));
}

// A wake-up between the look at what waits and the poll is kept by libcurl for the poll.
void WebhookClient::Loop::Run() {
  while (!Stopping()) {
    BeginSome();
    int running = 0;
    const bool moved = curl_multi_perform(multi_.get(), &running) == CURLM_OK;
    if (EndSome()) continue;  // there is room for others
    if (moved && curl_multi_poll(multi_.get(), nullptr, 0, kLongestPollMs, nullptr) == CURLM_OK) {
      continue;
    }
    EndAll(Ours(WebhookEnd::kFailed, "libcurl cannot poll"));
    WaitForWork();
  }
  EndAll(Ours(WebhookEnd::kAborted, kStopped));
  std::list<Transfer> waiting;
  {
    const MutexLock lock(mu_);
    waiting.swap(waiting_);
  }
  for (const Transfer& transfer : waiting) Tell(*transfer, Ours(WebhookEnd::kAborted, kStopped));
}

void WebhookClient::Loop::BeginSome() {
  while (running_.size() < options_.concurrency) {
    Transfer transfer = TakeWaiting();
    if (!transfer) return;
    Begin(std::move(transfer));
  }
}

void WebhookClient::Loop::Begin(Transfer transfer) {
  CURL* const easy = transfer->easy();
  if (!transfer->Attach() || curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    Tell(*transfer, Ours(WebhookEnd::kFailed, kNoMemory));
    return;
  }
  running_.emplace(easy, std::move(transfer));
}

// Whether there were any.
bool WebhookClient::Loop::EndSome() {
  bool some = false;
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message ends with the handle's removal
    curl_multi_remove_handle(multi_.get(), easy);
    const auto node = running_.extract(easy);
    Tell(*node.mapped(), node.mapped()->Answer(code));
    some = true;
  }
  return some;
}

void WebhookClient::Loop::EndAll(const WebhookAnswer& answer) {
  while (!running_.empty()) {
    const auto node = running_.extract(running_.begin());
    curl_multi_remove_handle(multi_.get(), node.key());  // closes its connection
    Tell(*node.mapped(), answer);
  }
}

WebhookClient::WebhookClient(WebhookClientOptions options)
    : loop_(std::make_unique<Loop>(std::move(options))) {}

WebhookClient::~WebhookClient() = default;

void WebhookClient::Send(WebhookRequest request, Done done) {
  loop_->Send(std::move(request), std::move(done));
}

void WebhookClient::Stop() { loop_->Stop(); }

}  // namespace headrace
