// Answers of an HTTP app that reach their clients while they come.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "support/event.h"
#include "support/scripted_server.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/app/jobs";
constexpr const char* kRunning = "headrace_jobs_running{queue=\"app\"}";
constexpr const char* kResults = "headrace_memory_bytes{use=\"results\"}";
constexpr const char* kFailed = "headrace_jobs_finished_total{queue=\"app\",outcome=\"failed\"}";
constexpr const char* kLastChunk = "\r\n0\r\n";

std::string Queue(const ScriptedServer& app, const std::string& keys = "") {
  return "  app: {handler: http, upstream: \"" + app.Url() + "\", workers: 1" + keys + "}";
}

Deadline Soon() { return Deadline::After(seconds(60)); }

std::string Chunk(std::string_view text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

// What the chunks after a head hold; up to the end, or to where they are cut.
std::string Unchunked(std::string_view answer) {
  std::string body;
  answer.remove_prefix(answer.find("\r\n\r\n") + 4);
  while (answer.find("\r\n") != std::string_view::npos) {
    const std::size_t size = std::stoul(std::string(answer.substr(0, 16)), nullptr, 16);
    answer.remove_prefix(answer.find("\r\n") + 2);
    body += answer.substr(0, size);
    if (size == 0 || answer.size() < size + 2) break;
    answer.remove_prefix(size + 2);
  }
  return body;
}

// An app that begins each answer with `first`, and sends `rest` once it is let. Each answer is in
// chunks, unless `head` says otherwise. Tells when a client of its has gone.
class Speaker {
 public:
  Speaker(std::string first, std::string rest,
          std::string head = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n")
      : text_("HTTP/1.1 200 OK\r\n" + head + "\r\n" + first), rest_(std::move(rest)) {}
  ~Speaker() { go_on_.Set(); }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  [[nodiscard]] const ScriptedServer& server() const { return server_; }
  void GoOn() { go_on_.Set(); }
  // True once a connection has ended, and not by the app.
  [[nodiscard]] bool AwaitEnd() { return ended_.Wait(); }

 private:
  const std::string text_;
  const std::string rest_;
  Event go_on_;
  Event ended_;
  ScriptedServer server_{[this](ServerConnection& connection) {
    while (connection.ReadRequest()) {
      connection.Send(text_);
      if (rest_.empty()) {
        if (connection.AwaitEnd()) ended_.Set();
        return;
      }
      if (!go_on_.Wait() || !connection.Send(rest_)) break;
    }
    ended_.Set();
  }};
};

TEST(UpstreamStream, TheFirstBytesReachTheClientWhileTheAppIsStillSpeaking) {
  Speaker app(Chunk("data: one\n\n"), Chunk("data: two\n\n") + "0\r\n\r\n");
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  const std::string first = client.ReadUntil("data: one\n\n\r\n", Soon()).value_or("nothing came");
  EXPECT_THAT(
      first,
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"),
            HasSubstr("Transfer-Encoding: chunked\r\n"), HasSubstr("Job-Id: "),
            HasSubstr("X-Content-Type-Options: nosniff\r\n"),
            HasSubstr("Content-Security-Policy: sandbox\r\n"),
            HasSubstr("Content-Disposition: attachment"), Not(HasSubstr("Content-Length"))));
  app.GoOn();
  const std::string rest = client.ReadUntil("\r\n\r\n", Soon()).value_or("nothing came");
  EXPECT_THAT(rest, AllOf(HasSubstr("data: two\n\n\r\n0\r\nServer-Timing: queue;dur=")));
  EXPECT_EQ(Unchunked(first + rest), "data: one\n\ndata: two\n\n");
  EXPECT_TRUE(service.Await(kResults, 0));
  EXPECT_TRUE(
      service.Await("headrace_jobs_finished_total{queue=\"app\",outcome=\"succeeded\"}", 1));
  client.Send(MakeRequest("GET", "/v1/queues"));
  EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 200) << "the connection is kept";
}

TEST(UpstreamStream, AnAnswerOfKnownLengthComesWithIt) {
  const std::string rest(2'000'000 - 4, 'x');
  Speaker app("one ", rest, "Content-Length: 2000000\r\n");
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  const std::string first = client.ReadUntil("\r\n\r\none ", Soon()).value_or("nothing came");
  EXPECT_THAT(first, AllOf(HasSubstr("Content-Length: 2000000\r\n"), Not(HasSubstr("chunked")),
                           Not(HasSubstr("Trailer"))));
  app.GoOn();
  EXPECT_EQ(client.ReadUntil(rest, Soon()).value_or("").size(), rest.size());
  EXPECT_TRUE(service.Await(kResults, 0));
  client.Send(MakeRequest("POST", kJobs, "body"));
  EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).body.size(), 2'000'000U);
}

TEST(UpstreamStream, AShortAnswerOfKnownLengthIsStoredWhole) {
  const ScriptedServer app(Answering([](const ServedRequest&) { return AnswerText(200, "part"); }));
  const ServiceProcess service(Queue(app));
  const HttpAnswer answer = service.Post(kJobs);
  EXPECT_EQ(answer.Field("Content-Length"), "4");
  EXPECT_NE(answer.Field("Server-Timing"), "");
  EXPECT_EQ(answer.body, "part");
  std::string half = AnswerText(200, "whole");
  half.resize(half.size() - 1);
  const ScriptedServer dying([&](ServerConnection& connection) {
    connection.ReadRequest();
    connection.Send(half);
  });
  const ServiceProcess other(Queue(dying));
  EXPECT_EQ(other.Post(kJobs).status, 502) << "its status is true";
}

TEST(UpstreamStream, AnAppThatFailsInTheMiddleCutsTheAnswer) {
  Speaker app(Chunk("data: one\n\n"), "no chunk\r\n");
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  ASSERT_TRUE(client.ReadUntil("data: one\n\n\r\n", Soon()));
  app.GoOn();
  EXPECT_EQ(client.ReadToEnd(Soon()), "") << "no last chunk";
  EXPECT_TRUE(service.Await(kFailed, 1));
  EXPECT_TRUE(service.Await(kResults, 0));
}

TEST(UpstreamStream, AnAppThatStallsInTheMiddleCutsTheAnswer) {
  Speaker app("one ", "", "Content-Length: 2000000\r\n");
  const ServiceProcess service(Queue(app.server(), ", idle_timeout: 100ms"));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  EXPECT_THAT(client.ReadToEnd(Soon()).value_or("no end"), EndsWith("\r\n\r\none "));
  EXPECT_TRUE(app.AwaitEnd());
  EXPECT_TRUE(service.Await(kFailed, 1));
}

TEST(UpstreamStream, AClientThatLeavesEndsTheRequestToTheApp) {
  Speaker app(Chunk("data: one\n\n"), "");
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  ASSERT_TRUE(client.ReadUntil("data: one\n\n\r\n", Soon()));
  client.Close();
  EXPECT_TRUE(app.AwaitEnd());
  EXPECT_TRUE(
      service.Await("headrace_jobs_finished_total{queue=\"app\",outcome=\"cancelled\"}", 1));
  EXPECT_TRUE(service.Await(kResults, 0));
}

TEST(UpstreamStream, TheDeadlineCutsTheAnswerInTheMiddle) {
  Speaker app(Chunk("data: one\n\n"), "");
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body", "Request-Timeout: 1\r\n"));
  const std::string answer = client.ReadToEnd(Soon()).value_or("no end");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 "), Not(HasSubstr(kLastChunk))));
  EXPECT_EQ(Unchunked(answer), "data: one\n\n");
  EXPECT_TRUE(app.AwaitEnd());
}

TEST(UpstreamStream, AnAnswerThatGrowsBeyondMaxResultIsCut) {
  const std::string half(600, 'x');
  Speaker app(Chunk(half), Chunk(half) + "0\r\n\r\n");
  ServiceProcess service(Queue(app.server()), "memory: {max_result: 1KiB}");
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  ASSERT_TRUE(client.ReadUntil(half + "\r\n", Soon()));
  app.GoOn();
  EXPECT_EQ(client.ReadToEnd(Soon()), "");
  EXPECT_TRUE(app.AwaitEnd());
  EXPECT_TRUE(service.Await(kFailed, 1));
  EXPECT_TRUE(service.AwaitLog("result-too-large"));
}

TEST(UpstreamStream, OtherFormsAndHttp10HaveTheWhole) {
  Speaker app(Chunk("data: one\n\n"), Chunk("data: two\n\n") + "0\r\n\r\n");
  app.GoOn();
  const ServiceProcess service(Queue(app.server()));
  const HttpAnswer json = service.Post(kJobs, "", "Accept: application/json\r\n");
  EXPECT_THAT(json.body, HasSubstr("\"media_type\":\"text/event-stream\",\"size\":22"));
  EXPECT_EQ(service.Post(kJobs, "", "Accept: image/png\r\n").status, 406);
  const HttpAnswer old =
      Ask(service.port(), "POST " + std::string(kJobs) + " HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(old.status, 200);
  EXPECT_EQ(old.Field("Content-Length"), "22");
  EXPECT_EQ(old.body, "data: one\n\ndata: two\n\n");
}

TEST(UpstreamStream, AQueueMayStoreEveryAnswerWhole) {
  Speaker app(Chunk("one "), Chunk("two") + "0\r\n\r\n");
  app.GoOn();
  const ServiceProcess service(Queue(app.server(), ", stream: false"));
  const HttpAnswer answer = service.Post(kJobs);
  EXPECT_EQ(answer.Field("Content-Length"), "7");
  EXPECT_EQ(answer.body, "one two");
}

TEST(UpstreamStream, AWorkerDoesNotWaitForAClientThatDoesNotRead) {
  std::string text;
  while (text.size() < 20'000'000) text += std::to_string(text.size()) + "\n";
  Speaker app("", text, "Content-Length: " + std::to_string(text.size()) + "\r\n");
  app.GoOn();
  const ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port(), 65'536);  // or the kernel may hold the whole answer for it
  client.Send(MakeRequest("POST", kJobs, "body"));
  EXPECT_TRUE(
      service.Await("headrace_jobs_finished_total{queue=\"app\",outcome=\"succeeded\"}", 1));
  EXPECT_TRUE(service.Await(kRunning, 0));
  EXPECT_GT(service.Scrape()[kResults], 1'000'000) << "what is not read is charged";
  const std::string body = client.Read(Soon()).value_or(HttpAnswer{}).body;
  EXPECT_EQ(body.size(), text.size());
  EXPECT_TRUE(body == text);
  EXPECT_TRUE(service.Await(kResults, 0));
}

}  // namespace
}  // namespace headrace::testing_support
