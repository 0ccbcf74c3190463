// What goes out and what comes back when all is well.
#include "net/http_client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "unit/net/client_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ServedRequest;

TEST_F(HttpClientTest, SendsTheRequestAsItIsAndNothingElse) {
  ServedRequest seen;
  const Server server(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(200, "done", "Content-Type: text/plain; charset=utf-8\r\nRetry-After: 7\r\n");
  }));
  HttpRequest request;
  request.method = "PUT";
  request.url = server.Url("/a/b?c=d%20e");
  request.fields = {"Content-Type: image/png", "X-Key: secret"};
  request.body = MakePayload("body");
  KeepingSink sink;
  const HttpReport report = Run(request, &sink);
  EXPECT_EQ(report.end, HttpEnd::kComplete) << report.detail;
  EXPECT_EQ(sink.head.status, 200);
  EXPECT_EQ(sink.head.media_type, "text/plain; charset=utf-8");
  EXPECT_EQ(sink.head.length, 4U);
  EXPECT_EQ(sink.head.retry_after, 7);
  EXPECT_EQ(sink.body, "done");
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.target, "/a/b?c=d%20e");
  EXPECT_EQ(seen.body, "body");
  EXPECT_THAT(seen.fields,
              UnorderedElementsAre(Pair("Host", "127.0.0.1:" + std::to_string(server.port())),
                                   Pair("Accept", "*/*"), Pair("Content-Type", "image/png"),
                                   Pair("X-Key", "secret"), Pair("Content-Length", "4")));
}

TEST_F(HttpClientTest, TellsTheFieldsThatAreWantedInTheirOrder) {
  const Server server(Answering(
      [](const ServedRequest&) { return AnswerText(200, "", "ETag: \"x\"\r\njob-id: 01a\r\n"); }));
  HttpRequest request;
  request.method = "GET";
  request.url = server.Url();
  KeepingSink sink;
  EXPECT_EQ(Run(request, &sink).end, HttpEnd::kComplete);
  EXPECT_THAT(sink.head.wanted, testing::IsEmpty());
  request.wanted = {"Job-Id", "Location", "ETag"};
  EXPECT_EQ(Run(request, &sink).end, HttpEnd::kComplete);
  EXPECT_THAT(sink.head.wanted, ElementsAre("01a", "", "\"x\""));
}

TEST_F(HttpClientTest, SendsAnEmptyBodyWithItsLengthAndNoMediaType) {
  ServedRequest seen;
  const Server server(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(204);
  }));
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.head.status, 204);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.Field("Content-Length"), "0");
  EXPECT_EQ(seen.Field("Content-Type"), "");
}

TEST_F(HttpClientTest, CarriesBodiesInMemoryAndInMemfdsByteForByteBothWays) {
  const Server server(
      Answering([](const ServedRequest& request) { return AnswerText(200, request.body); }));
  for (const std::size_t size : {1U, 65'535U, 65'536U, 65'537U, 5'000'017U}) {
    const std::string body = Pattern(size);
    EXPECT_EQ(MakePayload(body).InMemfd(), size > 65'536);
    KeepingSink sink;
    EXPECT_EQ(Post(server.Url(), body, &sink).end, HttpEnd::kComplete) << size;
    EXPECT_TRUE(sink.body == body) << size;
  }
}

// Finds no memory for the answer's head, its bytes, or what it does with them.
class PoorSink final : public HttpSink {
 public:
  enum class At { kHead, kBytes, kRound };
  explicit PoorSink(At at) : at_(at) {}
  bool OnHead(const HttpHead&) override { return Take(At::kHead); }
  bool OnBytes(std::span<const std::byte>) override { return Take(At::kBytes); }
  bool OnRound(bool) override { return Take(At::kRound); }

 private:
  bool Take(At now) const {
    if (now == at_) throw std::bad_alloc();
    return true;
  }
  const At at_;
};

TEST_F(HttpClientTest, LacksMemoryForOneAnswerAndNotForTheNext) {
  const Server server([](Connection& connection) {
    while (connection.ReadRequest()) {
      if (connection.number() % 2 == 0) {
        connection.Send(AnswerText(200, "whole"));
        continue;
      }
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      if (connection.AwaitEnd()) return;
    }
  });
  for (const auto at : {PoorSink::At::kHead, PoorSink::At::kBytes, PoorSink::At::kRound}) {
    HttpRequest request;
    request.method = "POST";
    request.url = server.Url();
    PoorSink poor(at);
    const HttpReport report = Client().Run(request, poor, cancel_, deadline_);
    EXPECT_EQ(report.end, HttpEnd::kOutOfResources);
    EXPECT_EQ(report.detail, "memory is short");
    KeepingSink sink;
    EXPECT_EQ(Post(server.Url(), "x", &sink).end, HttpEnd::kComplete);
    EXPECT_EQ(sink.body, "whole");
    client_.reset();
  }
}

TEST_F(HttpClientTest, KeepsItsConnectionForTheNextRequest) {
  const Server server(Answering([](const ServedRequest&) { return AnswerText(200, "x"); }));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Post(server.Url(), "body").end, HttpEnd::kComplete);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ReadsAChunkedAnswerWithATrailer) {
  const Server server(Answering([](const ServedRequest&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n"
        "X-Trailer: z\r\n\r\n");
  }));
  for (int i = 0; i < 2; ++i) {
    KeepingSink sink;
    EXPECT_EQ(Post(server.Url(), "", &sink).end, HttpEnd::kComplete);
    EXPECT_EQ(sink.body, "abcdefg");
    EXPECT_EQ(sink.head.length, std::nullopt);
    EXPECT_EQ(sink.heads, 1);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ReadsAnAnswerThatEndsWithItsConnection) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.0 200 OK\r\n\r\nto the end");
  });
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.body, "to the end");
}

TEST_F(HttpClientTest, DoesNotUnpackACompressedAnswer) {
  const Server server(Answering([](const ServedRequest&) {
    return AnswerText(200, "\x1f\x8b not gzip", "Content-Encoding: gzip\r\n");
  }));
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.body, "\x1f\x8b not gzip");
}

TEST_F(HttpClientTest, PassesInterimAnswersOver) {
  const Server server(Answering([](const ServedRequest&) {
    return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
           AnswerText(201, "x");
  }));
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.head.status, 201);
  EXPECT_EQ(sink.heads, 1);
  EXPECT_EQ(sink.body, "x");
}

TEST_F(HttpClientTest, DoesNotFollowRedirects) {
  std::atomic<int> requests{0};
  const Server server(Answering([&](const ServedRequest&) {
    ++requests;
    return AnswerText(302, "", "Location: /elsewhere\r\n");
  }));
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.head.status, 302);
  EXPECT_EQ(requests, 1);
}

TEST_F(HttpClientTest, KeepsNoCookies) {
  std::string cookie;
  const Server server(Answering([&](const ServedRequest& request) {
    cookie += request.Field("Cookie");
    return AnswerText(200, "", "Set-Cookie: a=b\r\n");
  }));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Post(server.Url()).end, HttpEnd::kComplete);
  EXPECT_EQ(cookie, "");
}

TEST_F(HttpClientTest, AsksNoProxyThatTheEnvironmentNames) {
  const Server server(Answering([](const ServedRequest&) { return AnswerText(200); }));
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(Post(server.Url()).end, HttpEnd::kComplete);
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

TEST_F(HttpClientTest, ResolvesNames) {
  const Server server(Answering([](const ServedRequest&) { return AnswerText(200); }));
  EXPECT_EQ(Post("http://localhost:" + std::to_string(server.port())).end, HttpEnd::kComplete);
}

TEST_F(HttpClientTest, TakesIpv6Literals) {
  const Server server(Answering([](const ServedRequest&) { return AnswerText(200); }), true);
  if (server.port() == 0) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(Post(server.Url()).end, HttpEnd::kComplete);
}

TEST_F(HttpClientTest, WaitsForAServerThatThinksLongerThanTheIdleTimeout) {
  options_.idle_timeout = std::chrono::milliseconds(5);
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 102 Processing\r\n\r\n");
    connection.AwaitEnd(Deadline::After(std::chrono::milliseconds(50)));
    connection.Send(AnswerText(200, "thought"));
  });
  KeepingSink sink;
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(sink.body, "thought");
}

TEST_F(HttpClientTest, TellsItsSinkWhenNothingMoreIsThereForNow) {
  Event go_on;
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\none ");
    if (go_on.Wait()) connection.Send("two");
    connection.AwaitEnd();
  });
  KeepingSink sink;
  std::string first;
  sink.on_lull = [&] {
    first = sink.body;
    if (first == "one ") go_on.Set();
    return true;
  };
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete);
  EXPECT_EQ(first, "one ");
  EXPECT_EQ(sink.body, "one two");
}

// Else an app that sends byte by byte makes as many pieces, each of which holds more than a byte.
// The first 16 are let through as they come.
TEST_F(HttpClientTest, LetsWhatTricklesGatherForAMoment) {
  constexpr int kRounds = 50;
  Event told;
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx");
    for (int i = 1; i < kRounds && told.Wait(i); ++i) connection.Send("x");
    connection.AwaitEnd();
  });
  KeepingSink sink;
  sink.on_lull = [&] {
    told.Set();
    return true;
  };
  const SteadyTime start = SteadyClock::now();
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete);
  EXPECT_GE(SteadyClock::now() - start, std::chrono::milliseconds(kRounds - 17));
}

TEST_F(HttpClientTest, EndsTheConnectionWhenItsSinkWantsNoMoreAfterARound) {
  Event ended;
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\none ");
    if (connection.AwaitEnd()) ended.Set();
  });
  KeepingSink sink;
  sink.on_lull = [] { return false; };
  EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kStopped);
  EXPECT_TRUE(ended.Wait());
}

TEST_F(HttpClientTest, TellsALengthOnlyIfItIsTheBodys) {
  const std::vector<std::pair<std::string, std::optional<std::uint64_t>>> cases{
      {"Content-Length: 3\r\n\r\nabc", 3},
      {"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       std::nullopt},
      {"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", std::nullopt},
      {"Connection: close\r\n\r\nabc", std::nullopt}};
  for (const auto& [answer, length] : cases) {
    const Server server([&text = answer](Connection& connection) {
      connection.ReadRequest();
      connection.Send("HTTP/1.1 200 OK\r\n" + text);
    });
    KeepingSink sink;
    EXPECT_EQ(Post(server.Url(), "body", &sink).end, HttpEnd::kComplete) << answer;
    EXPECT_EQ(sink.head.length, length) << answer;
    EXPECT_EQ(sink.body, "abc") << answer;
  }
}

TEST_F(HttpClientTest, EndsTheConnectionWhenItsSinkWantsNoMore) {
  Event ended;
  const Server endless([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.Send(std::string(65'536, 'x'))) {
    }
    ended.Set();
  });
  KeepingSink sink(100'000);
  EXPECT_EQ(Post(endless.Url(), "", &sink).end, HttpEnd::kStopped);
  EXPECT_TRUE(ended.Wait());
  EXPECT_LT(sink.body.size(), 400'000U);
}

}  // namespace
}  // namespace headrace
