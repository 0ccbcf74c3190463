#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/payload.h"
#include "service/webhooks.h"

namespace headrace {

// A part of a result, with its bytes or without them as a store gives it back.
inline ResultPart PartOf(const std::string& name, const std::string& bytes) {
  ResultPart part;
  part.name = name;
  part.media_type = "text/plain";
  part.bytes = Payload::FromString(bytes);
  part.whole_size = bytes.size();
  return part;
}

// The record of a job that has succeeded with one small part.
inline JobRecord RecordOf(const std::string& id, const std::string& url) {
  JobRecord record;
  record.job.id = id;
  record.job.queue = "scan";
  record.job.webhook_url = url;
  record.job.attempt = 1;
  record.job.accepted = UtcTime(std::chrono::milliseconds(1'790'000'000'000));
  record.job.started = record.job.accepted + std::chrono::milliseconds(250);
  record.state = JobState::kSucceeded;
  record.end.emplace();
  record.end->outcome.state = JobState::kSucceeded;
  record.end->outcome.parts.push_back(PartOf("text.txt", "hello"));
  record.end->ended = record.job.accepted + std::chrono::seconds(2);
  record.end->tells_webhook = true;
  return record;
}

// A status as tests tell it; the service tells that of its API.
inline JsonMembers StatusOf(const JobRecord& record) {
  return {{"job_id", Json::String(record.job.id)}, {"state", Json::String(ToString(record.state))}};
}

// Deliveries whose store, receivers and clock are the test. One thread.
class WebhooksTest : public testing::Test {
 protected:
  struct Sent {
    WebhookRequest request;
    WebhookClient::Done done;
    [[nodiscard]] std::string Field(const std::string& name) const {
      for (const std::string& field : request.fields) {
        if (field.starts_with(name + ": ")) return field.substr(name.size() + 2);
      }
      return {};
    }
  };

  WebhooksTest() {
    options_.policy.allow_hosts = {"*.example.com", "127.0.0.1"};
    options_.jitter = 0;
  }

  // Every call of a seam is answered, as the real ones do.
  ~WebhooksTest() override {
    for (auto& call : hanging_) call();
    while (!sent_.empty()) EndWith(WebhookEnd::kAborted);
  }

  WebhookSeams Seams() {
    WebhookSeams seams;
    seams.load = [this](const std::string& id, const PartBytes& bytes, WebhookSeams::Found found) {
      const bool with_bytes = bytes.Any();
      loads_.push_back(id + (with_bytes ? " with bytes" : ""));
      if (load_hangs_)
        return hanging_.push_back([this, id, with_bytes, found] { found(Find(id, with_bytes)); });
      found(Find(id, with_bytes));
    };
    seams.set_delivery = [this](const std::string& id, const std::optional<PendingDelivery>& next) {
      EXPECT_EQ(next ? next->job_id : id, id);
      stored_[id] = next;
      ++writes_;
    };
    seams.send = [this](WebhookRequest request, WebhookClient::Done done) {
      sent_.push_back({std::move(request), std::move(done)});
    };
    seams.at = [this](SteadyTime when, std::function<void()> callback) {
      timers_.emplace(when, std::move(callback));
    };
    seams.now = [this] { return now_; };
    seams.utc_now = [this] { return utc_; };
    seams.random = [this] { return random_; };
    seams.status = StatusOf;
    return seams;
  }

  Expected<std::optional<JobRecord>> Find(const std::string& id, bool with_bytes) {
    if (load_fails_) return Error{ErrorCode::kUnavailable, "engine", "", "the disk is full", 0};
    const auto found = records_.find(id);
    if (found == records_.end()) return std::optional<JobRecord>();
    JobRecord record = found->second;
    if (!with_bytes && record.end) {
      for (ResultPart& part : record.end->outcome.parts) part.bytes = Payload();
    }
    return std::optional(record);
  }

  Webhooks& Hooks() {
    if (!hooks_) {
      hooks_ = std::make_unique<Webhooks>(options_, Seams());
      hooks_->Resume(left_);
    }
    return *hooks_;
  }
  void Deliver(const std::string& id, const std::string& url = "https://a.example.com/hook") {
    records_.emplace(id, RecordOf(id, url));
    Hooks().Deliver(id);
  }
  // Answers the oldest request that is on its way.
  void AnswerWith(int status, std::chrono::seconds retry_after = {}) {
    WebhookAnswer answer;
    answer.end = WebhookEnd::kAnswered;
    answer.status = status;
    answer.retry_after = retry_after;
    answer.detail = "status " + std::to_string(status);
    EndWith(std::move(answer));
  }
  void EndWith(WebhookEnd end) {
    WebhookAnswer answer;
    answer.end = end;
    answer.detail = "a reason";
    EndWith(std::move(answer));
  }
  void EndWith(WebhookAnswer answer) {
    ASSERT_FALSE(sent_.empty());
    const Sent sent = std::move(sent_.front());
    sent_.pop_front();
    sent.done(std::move(answer));
  }
  // Lets the time go on to the next timer; how long that was.
  std::chrono::seconds ToNextTimer() {
    if (timers_.empty()) return std::chrono::seconds(-1);
    auto node = timers_.extract(timers_.begin());
    const auto waited = node.key() - now_;
    now_ = std::max(now_, node.key());
    node.mapped()();
    return std::chrono::duration_cast<std::chrono::seconds>(waited);
  }
  // The paths of the requests that are on their way, in their order.
  [[nodiscard]] std::vector<std::string> Urls() const {
    std::vector<std::string> urls;
    for (const Sent& sent : sent_) urls.push_back(sent.request.url);
    return urls;
  }

  WebhookOptions options_;
  std::vector<PendingDelivery> left_;
  std::map<std::string, JobRecord> records_;
  std::map<std::string, std::optional<PendingDelivery>> stored_;
  int writes_ = 0;
  std::vector<std::string> loads_;
  bool load_fails_ = false;
  bool load_hangs_ = false;
  std::deque<std::function<void()>> hanging_;
  std::deque<Sent> sent_;
  std::multimap<SteadyTime, std::function<void()>> timers_;
  SteadyTime now_ = SteadyTime(std::chrono::hours(1000));
  UtcTime utc_ = UtcTime(std::chrono::milliseconds(1'790'000'005'678));
  double random_ = 0;
  std::unique_ptr<Webhooks> hooks_;
};

}  // namespace headrace
