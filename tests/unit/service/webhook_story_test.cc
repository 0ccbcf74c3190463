// Webhooks from a job's end to real receivers. Only the waiting between attempts is left out.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/sync.h"
#include "base/timer.h"
#include "service/webhooks.h"
#include "support/event.h"
#include "support/scripted_server.h"
#include "unit/net/names.h"
#include "unit/service/webhook_fixture.h"

namespace headrace {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ScriptedServer;
using testing_support::ServedRequest;
using testing_support::ServerConnection;
using testing_support::SetName;

// A store in memory that many threads may ask.
class FakeStore {
 public:
  void Put(const JobRecord& record) {
    const MutexLock lock(mu_);
    records_[record.job.id] = record;
    pending_[record.job.id] = {record.job.id, 0, SteadyTime::min()};
  }
  Expected<std::optional<JobRecord>> Load(const std::string& id) {
    const MutexLock lock(mu_);
    const auto found = records_.find(id);
    return found == records_.end() ? std::nullopt : std::optional(found->second);
  }
  void SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next) {
    {
      const MutexLock lock(mu_);
      if (next) {
        pending_[id] = *next;
        return;
      }
      pending_.erase(id);
    }
    ended.Set();
  }
  std::vector<PendingDelivery> Pending() {
    const MutexLock lock(mu_);
    std::vector<PendingDelivery> pending;
    for (const auto& [id, delivery] : pending_) pending.push_back(delivery);
    return pending;
  }

  Event ended;  // once for each delivery that is over

 private:
  Mutex mu_;
  std::map<std::string, JobRecord> records_ GUARDED_BY(mu_);
  std::map<std::string, PendingDelivery> pending_ GUARDED_BY(mu_);
};

class WebhookStory : public testing::Test {
 protected:
  WebhookStory() {
    options_.policy = {{"127.0.0.1", "*.test"}, true, true};
    options_.keys = {std::string(24, 'k')};
  }
  ~WebhookStory() override { StopAll(); }

  void StopAll() {
    if (hooks_) hooks_->Stop();
    timer_.reset();  // it calls the hooks
    hooks_.reset();
  }
  Webhooks& Hooks() {
    if (hooks_) return *hooks_;
    timer_ = std::make_unique<Timer>();
    WebhookSeams seams;
    seams.load = [this](const std::string& id, const PartBytes&, WebhookSeams::Found found) {
      found(store_.Load(id));
    };
    seams.set_delivery = [this](const std::string& id, const auto& next) {
      store_.SetDelivery(id, next);
    };
    seams.at = [this](SteadyTime, std::function<void()> callback) {
      const std::function<void()> before = on_wait_;
      timer_->Schedule(Deadline::At(SteadyClock::now()), [before, callback] {
        if (before) before();
        callback();
      });
    };
    seams.status = StatusOf;
    hooks_ = std::make_unique<Webhooks>(options_, std::move(seams));
    hooks_->Resume(store_.Pending());
    return *hooks_;
  }
  void Deliver(const std::string& id, const std::string& url) {
    Webhooks& hooks = Hooks();
    store_.Put(RecordOf(id, url));
    hooks.Deliver(id);
  }

  WebhookOptions options_;
  std::function<void()> on_wait_;  // before each further attempt
  FakeStore store_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Webhooks> hooks_;
};

TEST_F(WebhookStory, GoesOnUntilAFaultyReceiverHasTakenIt) {
  options_.client.timeout = std::chrono::milliseconds(200);
  const ScriptedServer inside(Answering([](const ServedRequest&) { return AnswerText(200); }));
  std::atomic<int> attempts{0};
  Mutex mu;
  std::vector<std::string> ids;
  std::set<std::string> bodies;
  const ScriptedServer receiver([&](ServerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      {
        const MutexLock lock(mu);
        ids.push_back(request->Field("webhook-id"));
        bodies.insert(request->body);
      }
      switch (++attempts) {
        case 1:
          connection.Send(AnswerText(500));
          break;
        case 2:  // hangs
          static_cast<void>(connection.AwaitEnd());
          return;
        case 3:
          connection.Send(AnswerText(307, "", "Location: " + inside.Url() + "\r\n"));
          break;
        case 4:
          connection.ResetAtEnd();
          return;
        default:
          connection.Send(AnswerText(200));
      }
    }
  });
  Deliver("j1", receiver.Url());
  EXPECT_TRUE(store_.ended.Wait());
  StopAll();
  const MutexLock lock(mu);
  EXPECT_GE(ids.size(), 5U);
  EXPECT_THAT(ids, Each("msg_j1"));
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_EQ(inside.connections(), 0);
}

TEST_F(WebhookStory, ReachesAReceiverThatComesBackAndLeavesOneThatIsGone) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), where, size), 0);
  ASSERT_EQ(::getsockname(listener.get(), where, &size), 0);
  Event listening;
  on_wait_ = [&] {
    if (::listen(listener.get(), 8) == 0) listening.Set();
  };
  std::thread receiver([&] {
    if (!listening.Wait()) return;
    ServerConnection connection(UniqueFd(::accept(listener.get(), nullptr, nullptr)), 1);
    if (connection.ReadRequest()) connection.Send(AnswerText(200));
  });
  Deliver("j1", "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
  EXPECT_TRUE(store_.ended.Wait());
  receiver.join();
  EXPECT_EQ(Hooks().Figures().sent, 1U);
  EXPECT_GE(Hooks().Figures().failed, 1U);

  const ScriptedServer gone(Answering([](const ServedRequest&) { return AnswerText(410); }));
  Deliver("j2", gone.Url());
  EXPECT_TRUE(store_.ended.Wait(2));
  EXPECT_EQ(gone.connections(), 1);
}

TEST_F(WebhookStory, NeverReachesThisMachineThroughANameThatChangesItsAddress) {
  options_.policy.allow_private = false;
  options_.schedule = {std::chrono::seconds(1)};
  const ScriptedServer inside(Answering([](const ServedRequest&) { return AnswerText(200); }));
  SetName("rebinds.test", [](int before) {
    return std::vector<std::string>{before % 2 == 0 ? "127.0.0.1" : "::1"};
  });
  const std::string url = "http://rebinds.test:" + std::to_string(inside.port()) + "/";
  EXPECT_TRUE(CheckWebhookUrl(url, options_.policy).ok());
  Deliver("j1", url);
  EXPECT_TRUE(store_.ended.Wait());
  StopAll();
  EXPECT_EQ(inside.connections(), 0);
}

TEST_F(WebhookStory, OfAReceiverThatHangsHoldsNobodyElseUp) {
  for (const char* const name : {"hangs.test", "good.test"}) {
    SetName(name, [](int) { return std::vector<std::string>{"127.0.0.1"}; });
  }
  Event hangs;
  const ScriptedServer hanging([&](ServerConnection& connection) {
    if (connection.ReadRequest()) hangs.Set();
    static_cast<void>(connection.AwaitEnd());
  });
  const ScriptedServer good(Answering([](const ServedRequest&) { return AnswerText(200); }));
  const std::string port = std::to_string(hanging.port());
  for (int i = 0; i < 50; ++i) {
    Deliver("h" + std::to_string(i), "http://hangs.test:" + port + "/");
  }
  EXPECT_TRUE(hangs.Wait(4));
  for (int i = 0; i < 50; ++i) {
    Deliver("g" + std::to_string(i), "http://good.test:" + std::to_string(good.port()) + "/");
  }
  EXPECT_TRUE(store_.ended.Wait(50));
  EXPECT_TRUE(Eventually([&] { return Hooks().Figures().pending == 50U; }));
  EXPECT_EQ(hanging.connections(), 4);
}

TEST_F(WebhookStory, GoesOnAfterARestartWithTheSameId) {
  Event arrived;
  std::atomic<bool> works{false};
  Mutex mu;
  std::vector<std::string> ids;
  const ScriptedServer receiver([&](ServerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      {
        const MutexLock lock(mu);
        ids.push_back(request->Field("webhook-id"));
      }
      arrived.Set();
      if (works) {
        connection.Send(AnswerText(200));
      } else {
        static_cast<void>(connection.AwaitEnd());
      }
    }
  });
  Deliver("j1", receiver.Url());
  EXPECT_TRUE(arrived.Wait());
  StopAll();
  const auto left = store_.Pending();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].attempts, 0U);  // it was cut by us
  works = true;
  Hooks();
  EXPECT_TRUE(store_.ended.Wait());
  StopAll();
  const MutexLock lock(mu);
  EXPECT_THAT(ids, ElementsAre("msg_j1", "msg_j1"));
}

TEST_F(WebhookStory, OfManyJobsFromManyThreadsIsToldToTheEnd) {
  constexpr int kThreads = 4;
  constexpr int kJobs = 50;  // of each
  std::atomic<int> count{0};
  Mutex mu;
  std::set<std::string> taken;
  const ScriptedServer receiver(Answering([&](const ServedRequest& request) {
    if (++count % 3 == 0) return AnswerText(503);
    const MutexLock lock(mu);
    taken.insert(request.Field("webhook-id"));
    return AnswerText(204);
  }));
  Hooks();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kJobs; ++i) {
        Deliver("j" + std::to_string(t * kJobs + i), receiver.Url());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(store_.ended.Wait(kThreads * kJobs));
  EXPECT_EQ(Hooks().Figures().given_up, 0U);
  StopAll();
  const MutexLock lock(mu);
  EXPECT_EQ(taken.size(), std::size_t{kThreads * kJobs});
}

}  // namespace
}  // namespace headrace
