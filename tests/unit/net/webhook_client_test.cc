#include "net/webhook_client.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "unit/net/webhook_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ServedRequest;
using testing_support::ServerConnection;

TEST_F(WebhookClientTest, PostsTheBodyWithTheFieldsThatItIsGiven) {
  ServedRequest seen;
  const Server server(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(204);
  }));
  const std::string body("a\0b", 3);
  const WebhookAnswer answer = Post(server.Url("/hook?x=1"), body);
  EXPECT_EQ(answer.end, WebhookEnd::kAnswered) << answer.detail;
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/hook?x=1");
  EXPECT_EQ(seen.body, body);
  std::vector<std::string> names;
  for (const auto& [name, value] : seen.fields) names.push_back(name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("Host", "User-Agent", "Accept", "Content-Type",
                                                   "Content-Length"));
}

TEST_F(WebhookClientTest, SendsAnEmptyBodyAsSuch) {
  std::string length;
  const Server server(Answering([&](const ServedRequest& request) {
    length = request.Field("Content-Length");
    return AnswerText(200);
  }));
  EXPECT_EQ(Post(server.Url(), "").status, 200);
  EXPECT_EQ(length, "0");
}

TEST_F(WebhookClientTest, TellsEveryStatusAndFollowsNoRedirect) {
  const Server secret(Answering([](const ServedRequest&) { return AnswerText(200); }));
  for (const int status : {200, 299, 301, 302, 307, 308, 400, 401, 410, 429, 500, 503}) {
    const Server server(Answering([&](const ServedRequest&) {
      return AnswerText(status, "", "Location: " + secret.Url("/secret") + "\r\n");
    }));
    EXPECT_EQ(Post(server.Url()).status, status);
  }
  EXPECT_EQ(secret.connections(), 0);
}

TEST_F(WebhookClientTest, TellsWhenToComeBack) {
  std::string field;
  const Server server(Answering([&](const ServedRequest&) { return AnswerText(503, "", field); }));
  field = "Retry-After: 120\r\n";
  EXPECT_EQ(Post(server.Url()).retry_after.count(), 120);
  field = "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\n";
  EXPECT_GT(Post(server.Url()).retry_after.count(), 3600);
  for (const char* const none : {"", "Retry-After: -5\r\n", "Retry-After: soon\r\n",
                                 "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"}) {
    field = none;
    EXPECT_EQ(Post(server.Url()).retry_after.count(), 0) << none;
  }
}

TEST_F(WebhookClientTest, KeepsItsConnectionAndNoCookies) {
  std::atomic<int> cookies{0};
  const Server server(Answering([&](const ServedRequest& request) {
    if (!request.Field("Cookie").empty()) ++cookies;
    return AnswerText(200, "thanks", "Set-Cookie: a=b\r\n");
  }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Post(server.Url()).status, 200);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(cookies, 0);
}

TEST_F(WebhookClientTest, ReplacesAKeptConnectionThatTheReceiverHasClosed) {
  const Server server([](Connection& connection) {
    if (connection.ReadRequest()) connection.Send(AnswerText(200));
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Post(server.Url()).status, 200);
}

TEST_F(WebhookClientTest, ReadsNoMoreOfAnAnswerThanItIsToldTo) {
  Event ended;
  const Server server([&](Connection& connection) {
    if (!connection.ReadRequest()) return;
    connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    while (connection.Send(chunk)) {
    }
    ended.Set();
  });
  EXPECT_EQ(Post(server.Url()).status, 200);
  EXPECT_TRUE(ended.Wait());
}

TEST_F(WebhookClientTest, ReadsNoEndlessHead) {
  const Server server([](Connection& connection) {
    if (!connection.ReadRequest() || !connection.Send("HTTP/1.1 200 OK\r\n")) return;
    while (connection.Send("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const WebhookAnswer answer = Post(server.Url());
  EXPECT_EQ(answer.end, WebhookEnd::kFailed);
  EXPECT_THAT(answer.detail, HasSubstr("longer than 32768 bytes"));
}

TEST_F(WebhookClientTest, TakesNeitherAnInterimAnswerNorHalfAHeadForOne) {
  for (const char* const text :
       {"", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", "220 smtp.example\r\n"}) {
    const Server server([&](Connection& connection) {
      if (connection.ReadRequest()) connection.Send(text);
    });
    const WebhookAnswer answer = Post(server.Url());
    EXPECT_EQ(answer.end, WebhookEnd::kFailed) << text;
    EXPECT_EQ(answer.status, 0) << text;
    EXPECT_THAT(answer.detail, testing::Not(IsEmpty())) << text;
  }
}

TEST_F(WebhookClientTest, GivesAReceiverThatHangsUpAfterItsTimeout) {
  options_.timeout = std::chrono::milliseconds(50);
  Event ended;
  const Server server([&](Connection& connection) {
    if (connection.AwaitEnd()) ended.Set();
  });
  const WebhookAnswer answer = Post(server.Url());
  EXPECT_EQ(answer.end, WebhookEnd::kFailed);
  EXPECT_THAT(answer.detail, HasSubstr("timed out"));
  EXPECT_TRUE(ended.Wait());
}

TEST_F(WebhookClientTest, IsAnsweredByAStatusWhoseBodyNeverEnds) {
  options_.timeout = std::chrono::milliseconds(200);
  const Server server([](Connection& connection) {
    if (!connection.ReadRequest()) return;
    connection.Send("HTTP/1.1 202 OK\r\nContent-Length: 100\r\n\r\nhalf");
    static_cast<void>(connection.AwaitEnd());
  });
  EXPECT_EQ(Post(server.Url()).status, 202);
}

TEST_F(WebhookClientTest, ReachesAReceiverThatComesBack) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), where, size), 0);
  ASSERT_EQ(::getsockname(listener.get(), where, &size), 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  EXPECT_EQ(Post(url).end, WebhookEnd::kFailed);

  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::thread receiver([&] {
    ServerConnection connection(UniqueFd(::accept(listener.get(), nullptr, nullptr)), 1);
    if (connection.ReadRequest()) connection.Send(AnswerText(200));
  });
  EXPECT_EQ(Post(url).status, 200);
  receiver.join();
}

// The first ones hang until `release`; each tells in `arrived`.
class WebhookClientLoad : public WebhookClientTest {
 protected:
  testing_support::ScriptedServer::Script Hanging() {
    return [this](Connection& connection) {
      while (const auto request = connection.ReadRequest()) {
        {
          const MutexLock lock(mu_);
          bodies_.push_back(request->body);
        }
        arrived_.Set();
        if (!release_.Wait() || !connection.Send(AnswerText(200))) return;
      }
    };
  }
  std::vector<std::string> Bodies() {
    const MutexLock lock(mu_);
    return bodies_;
  }

  Event arrived_;
  Event release_;
  Mutex mu_;
  std::vector<std::string> bodies_ GUARDED_BY(mu_);
};

TEST_F(WebhookClientLoad, SendsSoManyAtOnceAndTheOthersInTheirOrder) {
  options_.concurrency = 2;
  const Server server(Hanging());
  Answers answers;
  for (const char* body : {"a", "b", "c", "d", "e"}) Send(server.Url(), answers, body);
  EXPECT_TRUE(arrived_.Wait(2));
  EXPECT_THAT(Bodies(), testing::UnorderedElementsAre("a", "b"));
  EXPECT_EQ(answers.Count(), 0);
  release_.Set();
  for (const WebhookAnswer& answer : answers.Wait(5)) EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Bodies().size(), 5U);
  EXPECT_LE(server.connections(), 2);
}

TEST_F(WebhookClientLoad, IsBusyWhenTooManyWait) {
  options_.concurrency = 1;
  options_.max_waiting = 2;
  const Server server(Hanging());
  Answers answers;
  for (int i = 0; i < 3; ++i) Send(server.Url(), answers);
  const WebhookAnswer refused = Post(server.Url());
  EXPECT_EQ(refused.end, WebhookEnd::kBusy);
  EXPECT_THAT(refused.detail, HasSubstr("max_waiting"));
  release_.Set();
  for (const WebhookAnswer& answer : answers.Wait(3)) EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Post(server.Url()).status, 200);
}

TEST_F(WebhookClientLoad, StopsAtOnceAndTellsEveryone) {
  options_.concurrency = 2;
  const Server server(Hanging());
  Answers answers;
  for (int i = 0; i < 5; ++i) Send(server.Url(), answers);
  EXPECT_TRUE(arrived_.Wait(2));
  Client().Stop();
  EXPECT_EQ(answers.Count(), 5);
  for (const WebhookAnswer& answer : answers.Wait(5)) EXPECT_EQ(answer.end, WebhookEnd::kAborted);
  Client().Stop();
  EXPECT_EQ(Post(server.Url()).end, WebhookEnd::kAborted);
  release_.Set();
}

}  // namespace
}  // namespace headrace
