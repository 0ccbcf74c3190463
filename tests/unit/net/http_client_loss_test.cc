// What becomes of a request when something goes wrong on its way.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "net/http_client.h"
#include "unit/net/client_fixture.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ServedRequest;

constexpr std::size_t kLarge = 20'000'000;  // more than sockets hold

// A port of this machine with the first connections to it.
class Port {
 public:
  explicit Port(int backlog) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    if (backlog >= 0) listen(listener_.get(), backlog);
    socklen_t size = sizeof address_;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size);
  }
  // Takes all places in the line of connections that nobody accepts.
  void Fill() {
    for (int i = 0; i < 8; ++i) {
      fillers_.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      static_cast<void>(
          connect(fillers_.back().get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_));
    }
  }
  [[nodiscard]] std::string Url() const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/";
  }

 private:
  UniqueFd listener_;
  sockaddr_in address_{};
  std::vector<UniqueFd> fillers_;
};

class HttpClientLoss : public HttpClientTest {
 protected:
  // What a server ends up as whose only answer is this text, and then the connection's end.
  HttpReport AnswerOnce(const std::string& text) {
    const Server server([&](Connection& connection) {
      connection.ReadRequest();
      connection.Send(text);
    });
    return Post(server.Url());
  }
};

TEST_F(HttpClientLoss, AServerThatIsNotThereIsUnreachable) {
  const Port closed(-1);
  const HttpReport report = Post(closed.Url() + "?token=tiger");
  EXPECT_EQ(report.end, HttpEnd::kUnreachable);
  EXPECT_THAT(report.detail, HasSubstr("Failed to connect to 127.0.0.1"));
  EXPECT_THAT(report.detail, testing::Not(HasSubstr("tiger")));
}

TEST_F(HttpClientLoss, ANameThatDoesNotExistIsUnreachable) {
  const HttpReport report = Post("http://no-such-host.invalid/");
  EXPECT_EQ(report.end, HttpEnd::kUnreachable) << report.detail;
}

TEST_F(HttpClientLoss, AServerThatDoesNotAcceptIsUnreachableAfterTheConnectTimeout) {
  options_.connect_timeout = milliseconds(50);
  Port full(0);
  full.Fill();
  const HttpReport report = Post(full.Url());
  EXPECT_EQ(report.end, HttpEnd::kUnreachable) << report.detail;
}

TEST_F(HttpClientLoss, AnAnswerThatIsNotWholeIsBroken) {
  for (const std::string text :
       {"", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "HTTP/1.1 200 OK\r\nContent-Ty",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "220 smtp ready\r\n"}) {
    const HttpReport report = AnswerOnce(text);
    EXPECT_EQ(report.end, HttpEnd::kBroken) << text;
    EXPECT_FALSE(report.detail.empty()) << text;
  }
}

TEST_F(HttpClientLoss, HeaderFieldsThatAreTooLongAreBrokenHoweverTheyCome) {
  options_.max_head = 1024;
  const std::string start = "HTTP/1.1 200 OK\r\n";
  std::string many;
  std::string interim;
  std::string trailer = start + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 100; ++i) {
    many += "X-Field: value\r\n";
    interim += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  for (const std::string& text : {start + "X-Long: " + std::string(2000, 'x') + "\r\n\r\n",
                                  start + many + "\r\n", interim, trailer + many + "\r\n"}) {
    const HttpReport report = AnswerOnce(text);
    EXPECT_EQ(report.end, HttpEnd::kBroken);
    EXPECT_THAT(report.detail, HasSubstr("header fields are longer than 1024 bytes"));
  }
}

TEST_F(HttpClientLoss, AKeptConnectionThatTheServerHasClosedIsReplaced) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send(AnswerText(200, "x"));
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Post(server.Url(), "body").end, HttpEnd::kComplete);
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(HttpClientLoss, AKeptConnectionThatIsClosedInsteadOfAnAnswerIsReplacedOnceWithTheWholeBody) {
  const Server server([](Connection& connection) {
    auto request = connection.ReadRequest();
    if (connection.number() == 1) {
      connection.Send(AnswerText(200, "first"));
      connection.ReadRequest();
      return;
    }
    connection.Send(AnswerText(200, request->body));
  });
  const std::string body = Pattern(300'000);
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kComplete);
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), body, &sink).end, HttpEnd::kComplete);
  EXPECT_TRUE(sink.body == body);
  EXPECT_EQ(server.connections(), 2);
}

// Again and again: libcurl sees the loss itself when it reads, but not when it writes just then.
TEST_F(HttpClientLoss, AKeptConnectionThatIsResetWhileTheBodyGoesIsReplacedToo) {
  constexpr int kRounds = 25;
  constexpr std::size_t kSize = 6'000'000;
  const Server server([&](Connection& connection) {
    connection.ReadHead();
    if (connection.number() % 2 == 0) {
      EXPECT_EQ(connection.Discard(kSize), kSize);
      connection.Send(AnswerText(200, "whole", "Connection: close\r\n"));
      return;
    }
    connection.Send(AnswerText(200, "first"));
    connection.ReadHead();
    connection.ResetAtEnd();
  });
  const std::string body(kSize, 'x');
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ(Post(server.Url()).end, HttpEnd::kComplete);
    KeepingSink sink;
    const HttpReport report = Post(server.Url(), body, &sink);
    EXPECT_EQ(report.end, HttpEnd::kComplete) << report.detail;
    EXPECT_EQ(sink.body, "whole");
    ASSERT_EQ(server.connections(), 2 * (i + 1));
  }
}

TEST_F(HttpClientLoss, AFreshConnectionThatIsClosedInsteadOfAnAnswerIsNotReplaced) {
  const Server server([](Connection& connection) { connection.ReadRequest(); });
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kBroken);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientLoss, TheReplacementIsNotReplaced) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    if (connection.number() > 1) return;
    connection.Send(AnswerText(200, "first"));
    connection.ReadRequest();
  });
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kComplete);
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kBroken);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientLoss, NothingIsSentTwiceOnceAByteOfTheAnswerCame) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send(AnswerText(200, "first"));
    connection.ReadRequest();
    connection.Send("HTTP/1.1 100 Continue\r\n\r\n");
  });
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kComplete);
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kBroken);
  EXPECT_EQ(server.connections(), 1);
}

// Such as the 408 of a proxy that tidies up. Who took it for the next request's would give a job
// the answer to another one.
TEST_F(HttpClientLoss, WhatComesUnaskedIsNoAnswerToTheNextRequest) {
  for (const bool at_once : {true, false}) {
    Event go;
    Event there;
    const Server server([&](Connection& connection) {
      connection.ReadRequest();
      if (connection.number() > 1) {
        connection.Send(AnswerText(200, "second"));
        return;
      }
      const std::string unasked = AnswerText(408, "unasked");
      connection.Send(AnswerText(200, "first") + (at_once ? unasked : ""));
      EXPECT_TRUE(go.Wait());
      if (!at_once) connection.Send(unasked);
      there.Set();
      if (connection.ReadRequest()) connection.Send(AnswerText(200, "second"));
    });
    EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kComplete);
    go.Set();
    EXPECT_TRUE(there.Wait());
    KeepingSink sink;
    EXPECT_EQ(Post(server.Url(), "x", &sink).end, HttpEnd::kComplete);
    EXPECT_EQ(sink.head.status, 200) << at_once;
    EXPECT_EQ(sink.body, "second") << at_once;
    client_.reset();
  }
}

TEST_F(HttpClientLoss, AnAnswerThatStallsIsUnreachable) {
  options_.idle_timeout = milliseconds(50);
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
    Event ended;
    const Server server([&](Connection& connection) {
      connection.ReadRequest();
      connection.Send(text);
      if (connection.AwaitEnd()) ended.Set();
    });
    const HttpReport report = Post(server.Url());
    EXPECT_EQ(report.end, HttpEnd::kUnreachable);
    EXPECT_THAT(report.detail, HasSubstr("no byte moved for 50 ms"));
    EXPECT_TRUE(ended.Wait());
  }
}

TEST_F(HttpClientLoss, AServerThatStopsReadingIsUnreachable) {
  options_.idle_timeout = milliseconds(50);
  Event done;
  const Server server([&](Connection& connection) {
    connection.ReadHead();
    EXPECT_TRUE(done.Wait());
  });
  const HttpReport report = Post(server.Url(), std::string(kLarge, 'x'));
  done.Set();
  EXPECT_EQ(report.end, HttpEnd::kUnreachable);
  EXPECT_THAT(report.detail, HasSubstr("no byte moved"));
}

TEST_F(HttpClientLoss, AnAnswerBeforeTheWholeBodyWasSentCounts) {
  const Server server([](Connection& connection) {
    connection.ReadHead();
    connection.Send(AnswerText(413, "too much", "Connection: close\r\n"));
    connection.AwaitEnd();
  });
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), std::string(kLarge, 'x'), &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.head.status, 413);
  EXPECT_EQ(sink.body, "too much");
}

TEST_F(HttpClientLoss, APayloadThatIsShorterThanItSaysIsNotSentAsIfItWereWhole) {
  Event ended;
  const Server server([&](Connection& connection) {
    if (!connection.ReadRequest()) ended.Set();
  });
  UniqueFd memfd(memfd_create("short", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(memfd.get(), 10), 0);
  HttpRequest request;
  request.method = "POST";
  request.url = server.Url();
  request.body = Payload::FromMemfd(std::move(memfd), 100);
  const HttpReport report = Run(request);
  EXPECT_EQ(report.end, HttpEnd::kBroken);
  EXPECT_EQ(report.detail, "the payload could not be read");
  EXPECT_TRUE(ended.Wait());
}

TEST_F(HttpClientLoss, ADeadlineThatPassesEndsTheConnection) {
  Event ended;
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    if (connection.AwaitEnd()) ended.Set();
  });
  deadline_ = Deadline::After(milliseconds(50));
  const SteadyTime start = SteadyClock::now();
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kUnwanted);
  EXPECT_GE(SteadyClock::now() - start, milliseconds(50));
  EXPECT_TRUE(ended.Wait());
}

TEST_F(HttpClientLoss, NothingIsSentForAJobThatNobodyWants) {
  const Server server(Answering([](const ServedRequest&) { return AnswerText(200); }));
  cancel_.Cancel(CancelReason::kDisconnected);
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kUnwanted);
  cancel_ = CancelToken();
  deadline_ = Deadline::After(milliseconds(0));
  EXPECT_EQ(Post(server.Url(), "x").end, HttpEnd::kUnwanted);
  EXPECT_EQ(server.connections(), 0);
}

// In which stage a request is cancelled.
enum class Stage { kThinking, kAnswering, kSending };

class Cancelling : public HttpClientLoss, public testing::WithParamInterface<Stage> {};

TEST_P(Cancelling, EndsTheConnectionWithin100Milliseconds) {
  const std::string body(GetParam() == Stage::kSending ? kLarge : 10, 'x');
  std::vector<double> took;
  for (int i = 0; i < 5; ++i) {
    Event there;
    std::promise<SteadyTime> ended;
    const Server server([&](Connection& connection) {
      connection.ReadHead();
      if (GetParam() == Stage::kAnswering) {
        connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      }
      there.Set();
      EXPECT_TRUE(connection.AwaitEnd());
      ended.set_value(SteadyClock::now());
    });
    cancel_ = CancelToken();
    std::thread run([&] { EXPECT_EQ(Post(server.Url(), body).end, HttpEnd::kUnwanted); });
    EXPECT_TRUE(there.Wait());
    const SteadyTime cancelled = SteadyClock::now();
    cancel_.Cancel(CancelReason::kDisconnected);
    took.push_back(Seconds(ended.get_future().get() - cancelled).count());
    run.join();
  }
  std::sort(took.begin(), took.end());
  EXPECT_LT(took[2], 0.1);
}

INSTANTIATE_TEST_SUITE_P(Stages, Cancelling,
                         testing::Values(Stage::kThinking, Stage::kAnswering, Stage::kSending));

TEST_F(HttpClientLoss, ACancelWhileItConnectsIsSeenAtOnce) {
  options_.connect_timeout = std::chrono::minutes(1);
  Port full(0);
  full.Fill();
  std::thread run([&] { EXPECT_EQ(Post(full.Url()).end, HttpEnd::kUnwanted); });
  const SteadyTime cancelled = SteadyClock::now();
  cancel_.Cancel(CancelReason::kShutdown);
  run.join();
  EXPECT_LT(SteadyClock::now() - cancelled, std::chrono::seconds(5));
}

TEST_F(HttpClientLoss, ACancelledRequestLeavesAClientThatCanBeUsedAgain) {
  Event there;
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    if (connection.number() > 1) {
      connection.Send(AnswerText(200, "second"));
      return;
    }
    there.Set();
    connection.AwaitEnd();
  });
  std::thread run([&] { EXPECT_EQ(Post(server.Url()).end, HttpEnd::kUnwanted); });
  EXPECT_TRUE(there.Wait());
  cancel_.Cancel(CancelReason::kDeleted);
  run.join();
  cancel_ = CancelToken();
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.body, "second");
}

}  // namespace
}  // namespace headrace
