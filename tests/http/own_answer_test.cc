#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "http/server_fixture.h"

namespace headrace {
namespace {

constexpr int kConnections = 64;

// Requests in all; the long proof sets it higher.
int Requests() {
  const char* const text = std::getenv("HEADRACE_PROVE_REQUESTS");
  return text != nullptr ? std::atoi(text) : 6'000;
}

struct Tally {
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::atomic<int> missing{0};
  std::atomic<int> hung_up{0};
};

// One client after another on its thread: sends requests that carry their own token, and hangs up
// on a third of them: before the body, in it, while the job waits, or in the answer.
class Client {
 public:
  Client(std::uint16_t port, int number, int requests, Tally& tally)
      : port_(port),
        number_(number),
        requests_(requests),
        tally_(tally),
        random_(static_cast<unsigned>(number)) {}

  void Run() {
    for (int i = 0; i < requests_; ++i) {
      if (!client_) client_.emplace(port_);
      const std::string token = "<" + std::to_string(number_) + "." + std::to_string(i) + ">";
      std::string body = token;
      while (body.size() < Draw(2'000)) body += token;
      if (Draw(3) == 0) {
        HangUp(PostRequest("/v1/queues/echo/jobs", body));
      } else {
        Ask(body);
      }
    }
  }

 private:
  std::size_t Draw(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }

  void HangUp(const std::string& request) {
    client_->Send(std::string_view(request).substr(0, Draw(request.size() * 2)));
    if (Draw(2) == 0) std::this_thread::yield();
    Draw(2) == 0 ? client_->Reset() : client_->Close();
    client_.reset();
    ++tally_.hung_up;
  }

  void Ask(const std::string& body) {
    if (!client_->Send(PostRequest("/v1/queues/echo/jobs", body))) client_.reset();
    const auto answer = client_ ? client_->Read() : std::nullopt;
    if (!answer) {
      ++tally_.missing;
      client_.reset();
    } else if (answer->status == 200 && answer->body == body) {
      ++tally_.right;
    } else {
      ++tally_.wrong;
      ADD_FAILURE() << answer->status << " " << answer->body.substr(0, 200);
    }
  }

  const std::uint16_t port_;
  const int number_;
  const int requests_;
  Tally& tally_;
  std::mt19937 random_;
  std::optional<RawClient> client_;
};

class OwnAnswerTest : public ServerFixture {};

TEST_F(OwnAnswerTest, ReachesEachClientThatStaysAndNobodyElse) {
  Serve();
  Tally tally;
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back(
        [&, i] { Client(server_->port(), i, Requests() / kConnections, tally).Run(); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.missing, 0);
  EXPECT_GT(tally.hung_up, 0);
  EXPECT_EQ(tally.right + tally.hung_up, Requests() / kConnections * kConnections);
  const QueueFigures figures = engine_->Figures(0);
  EXPECT_TRUE(WaitForFinished(figures.accepted));
  EXPECT_TRUE(WaitForRunning(0));
  RecordProperty("right", tally.right);
  RecordProperty("hung_up", tally.hung_up);
}

}  // namespace
}  // namespace headrace
