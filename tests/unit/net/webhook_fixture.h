#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "net/webhook_client.h"
#include "support/event.h"
#include "support/scripted_server.h"

namespace headrace {

// Keeps what a client tells.
class Answers {
 public:
  WebhookClient::Done Taker() {
    return [this](WebhookAnswer answer) {
      {
        const MutexLock lock(mu_);
        answers_.push_back(std::move(answer));
      }
      told_.Set();
    };
  }
  // Those of the first `count`, once they are there.
  std::vector<WebhookAnswer> Wait(int count) {
    EXPECT_TRUE(told_.Wait(count));
    const MutexLock lock(mu_);
    return answers_;
  }
  [[nodiscard]] int Count() { return told_.Count(); }

 private:
  Event told_;
  Mutex mu_;
  std::vector<WebhookAnswer> answers_ GUARDED_BY(mu_);
};

// A client that may talk to this machine.
class WebhookClientTest : public testing::Test {
 protected:
  using Connection = testing_support::ServerConnection;
  using Server = testing_support::ScriptedServer;

  WebhookClientTest() {
    options_.allow_http = options_.allow_private = true;
    options_.timeout = std::chrono::seconds(30);
  }

  WebhookClient& Client() {
    if (!client_) client_ = std::make_unique<WebhookClient>(options_);
    return *client_;
  }
  void Send(const std::string& url, Answers& answers, std::string body = "{}") {
    WebhookRequest request{url, {"Content-Type: application/json"}, std::move(body)};
    Client().Send(std::move(request), answers.Taker());
  }
  WebhookAnswer Post(const std::string& url, std::string body = "{}") {
    Answers answers;
    Send(url, answers, std::move(body));
    return answers.Wait(1).front();
  }

  WebhookClientOptions options_;
  std::unique_ptr<WebhookClient> client_;
};

}  // namespace headrace
