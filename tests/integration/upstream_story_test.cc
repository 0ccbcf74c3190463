// A queue in front of an HTTP app, as its clients and the app see it.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "support/event.h"
#include "support/scripted_server.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kJobs = "/v1/queues/app/jobs";
constexpr const char* kRunning = "headrace_jobs_running{queue=\"app\"}";

std::string Queue(const ScriptedServer& app, const std::string& keys = "workers: 3, capacity: 64") {
  return "  app: {handler: http, upstream: \"" + app.Url() + "\", " + keys + "}";
}

Deadline Soon() { return Deadline::After(seconds(60)); }

// An app that never answers; tells when a request came, and when its connection ended.
class Thinker {
 public:
  [[nodiscard]] const ScriptedServer& server() const { return server_; }
  [[nodiscard]] bool AwaitRequest() { return there_.Wait(); }
  [[nodiscard]] SteadyTime AwaitEnd() { return ended_.get_future().get(); }

 private:
  Event there_;
  std::promise<SteadyTime> ended_;
  ScriptedServer server_{[this](ServerConnection& connection) {
    connection.ReadRequest();
    there_.Set();
    EXPECT_TRUE(connection.AwaitEnd());
    ended_.set_value(SteadyClock::now());
  }};
};

TEST(UpstreamStory, TheAppGetsTheJobButNoneOfItsClientsHeaderFields) {
  ServedRequest seen;
  const ScriptedServer app(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(200, "{}", "Content-Type: application/json\r\nX-Internal: tiger\r\n");
  }));
  const ServiceProcess service(Queue(app));
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const HttpAnswer answer = service.Post(
      kJobs, "a,b",
      "Content-Type: text/csv; header=present\r\nAuthorization: Bearer tiger\r\nCookie: tiger=1\r\n"
      "Proxy-Authorization: tiger\r\nX-Custom: tiger\r\nRequest-Timeout: 30\r\ntraceparent: " +
          trace + "\r\n");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(answer.Field("Content-Type"), "application/json");
  EXPECT_EQ(answer.Field("X-Internal"), "");
  EXPECT_EQ(seen.body, "a,b");
  EXPECT_EQ(seen.Field("Content-Type"), "text/csv; header=present");
  EXPECT_EQ(seen.Field("Job-Id"), answer.Field("Job-Id"));
  EXPECT_EQ(seen.Field("Request-Timeout"), "29");
  EXPECT_THAT(seen.Field("traceparent"), HasSubstr("0af7651916cd43dd8448eb211c80319c"));
  EXPECT_NE(seen.Field("traceparent"), answer.Field("traceparent")) << "a span of its own";
  for (const auto& [name, value] : seen.fields) {
    EXPECT_EQ(value.find("tiger"), std::string::npos) << name;
  }
}

TEST(UpstreamStory, TheFileOfAFormReachesTheAppWithItsOwnMediaType) {
  ServedRequest seen;
  const ScriptedServer app(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(204);
  }));
  const ServiceProcess service(Queue(app));
  const HttpAnswer answer =
      service.Post(kJobs,
                   "--b\r\nContent-Disposition: form-data; name=file; filename=\"a.png\"\r\n"
                   "Content-Type: image/png\r\n\r\npicture\r\n--b--\r\n",
                   "Content-Type: multipart/form-data; boundary=b\r\n");
  EXPECT_EQ(answer.status, 204) << answer.body;
  EXPECT_EQ(seen.body, "picture");
  EXPECT_EQ(seen.Field("Content-Type"), "image/png");
}

TEST(UpstreamStory, TheAppNeverGetsMoreRequestsAtOnceThanTheQueueHasWorkers) {
  constexpr int kClients = 40;
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  Event full;
  const ScriptedServer app(Answering([&](const ServedRequest&) {
    const int here = ++now;
    int seen = most;
    while (here > seen && !most.compare_exchange_weak(seen, here)) {
    }
    if (here == 3) full.Set();
    EXPECT_TRUE(full.Wait());  // the first ones wait for each other
    --now;
    return AnswerText(200, "x");
  }));
  const ServiceProcess service(Queue(app));
  std::vector<HttpClient> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(service.port());
  for (HttpClient& client : clients) client.Send(MakeRequest("POST", kJobs, "body"));
  int good = 0;
  for (HttpClient& client : clients) {
    good += client.Read(Soon()).value_or(HttpAnswer{}).status == 200 ? 1 : 0;
  }
  EXPECT_EQ(good, kClients);
  EXPECT_EQ(most, 3);
  EXPECT_LE(app.connections(), 3) << "they are kept";
}

TEST(UpstreamStory, AJobThatOnlyWaitsTakesNoSlot) {
  const ScriptedServer app(Answering([](const ServedRequest&) { return AnswerText(200, "x"); }));
  const ServiceProcess service(
      Queue(app) + "\n  simulate: {handler: simulate, workers: 1, isolation: {mode: thread}}",
      "server: {listen: '127.0.0.1:0', slots: 1}");
  HttpClient busy(service.port());
  busy.Send(MakeRequest("POST", "/v1/queues/simulate/jobs?mode=sleep&ms=60000"));
  ASSERT_TRUE(service.Await("headrace_slots{state=\"busy\"}", 1));
  EXPECT_EQ(service.Post(kJobs).status, 200);
}

TEST(UpstreamStory, WhatTheAppAnswersBecomesTheClientsProblem) {
  std::string text;
  const ScriptedServer app(Answering([&](const ServedRequest&) { return text; }));
  const ServiceProcess service(Queue(app));
  text = AnswerText(422, R"({"detail":"no face in it"})",
                    "Content-Type: application/problem+json\r\n");
  const HttpAnswer rejected = service.Post(kJobs);
  EXPECT_EQ(rejected.status, 422);
  EXPECT_EQ(rejected.Field("Content-Type"), "application/problem+json");
  EXPECT_THAT(rejected.body, HasSubstr("/problems/upstream-rejected"));
  EXPECT_THAT(rejected.body, HasSubstr("no face in it"));
  text = AnswerText(503, "", "Retry-After: 12\r\n");
  const HttpAnswer busy = service.Post(kJobs);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.Field("Retry-After"), "12");
  text = AnswerText(500, "trace of tiger.py", "Content-Type: text/plain\r\n");
  const HttpAnswer failed = service.Post(kJobs);
  EXPECT_EQ(failed.status, 502);
  EXPECT_THAT(failed.body, HasSubstr("/problems/upstream-failed"));
  EXPECT_EQ(failed.body.find("tiger"), std::string::npos);
  text = AnswerText(307, "", "Location: http://127.0.0.1:1/\r\n");
  EXPECT_THAT(service.Post(kJobs).body, HasSubstr("/problems/upstream-redirect"));
}

TEST(UpstreamStory, WhileTheAppIsAwayJobsGet502AndTheServiceStaysReady) {
  std::string queue;
  {
    const ScriptedServer gone(Answering([](const ServedRequest&) { return AnswerText(200); }));
    queue = Queue(gone);
  }
  const ServiceProcess service(queue);
  const HttpAnswer answer = service.Post(kJobs, "body");
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, HasSubstr("/problems/upstream-unreachable"));
  EXPECT_EQ(answer.body.find("127.0.0.1"), std::string::npos) << "that is the operator's";
  EXPECT_EQ(Ask(service.management_port(), MakeRequest("GET", "/readyz")).status, 200);
}

TEST(UpstreamStory, AClientThatLeavesEndsTheRequestToTheAppAtOnce) {
  std::vector<double> took;
  for (int i = 0; i < 3; ++i) {
    Thinker app;
    const ServiceProcess service(Queue(app.server()));
    HttpClient client(service.port());
    client.Send(MakeRequest("POST", kJobs, "body"));
    ASSERT_TRUE(app.AwaitRequest());
    const SteadyTime left = SteadyClock::now();
    client.Close();
    took.push_back(Seconds(app.AwaitEnd() - left).count());
    EXPECT_TRUE(service.Await(kRunning, 0));
  }
  std::sort(took.begin(), took.end());
  EXPECT_LT(took[1], 0.1);
}

TEST(UpstreamStory, DeleteEndsTheRequestToTheApp) {
  Thinker app;
  ServiceProcess service(Queue(app.server()));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  const std::string id = service.NextInLog("job accepted: job_id=");
  ASSERT_TRUE(app.AwaitRequest());
  EXPECT_EQ(Ask(service.port(), MakeRequest("DELETE", "/v1/jobs/" + id)).status, 200);
  EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 409);
  static_cast<void>(app.AwaitEnd());
}

TEST(UpstreamStory, TheDeadlineEndsTheRequestToTheAppWith504) {
  Thinker app;
  const ServiceProcess service(Queue(app.server()));
  const HttpAnswer answer =
      Ask(service.port(), MakeRequest("POST", kJobs, "body", "Request-Timeout: 1\r\n"));
  EXPECT_EQ(answer.status, 504) << answer.body;
  static_cast<void>(app.AwaitEnd());
  EXPECT_TRUE(service.Await("headrace_jobs_finished_total{queue=\"app\",outcome=\"expired\"}", 1));
}

TEST(UpstreamStory, TheStopEndsTheRequestToTheApp) {
  Thinker app;
  ServiceProcess service(Queue(app.server()), "shutdown: {drain: 100ms}");
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "body"));
  ASSERT_TRUE(app.AwaitRequest());
  service.Signal(SIGTERM);
  EXPECT_EQ(client.Read(Soon()).value_or(HttpAnswer{}).status, 503);
  static_cast<void>(app.AwaitEnd());
  EXPECT_EQ(service.Wait().status, 1) << "one job was cut";
}

TEST(UpstreamStory, ResultsAreStreamedToThoseWhoAskForAZip) {
  const ScriptedServer app(Answering([](const ServedRequest&) { return AnswerText(200, "part"); }));
  const ServiceProcess service(Queue(app));
  const HttpAnswer answer = service.Post(kJobs, "", "Accept: application/json\r\n");
  EXPECT_THAT(answer.body, HasSubstr("\"name\":\"result\""));
  HttpClient client(service.port());
  client.Send(MakeRequest("POST", kJobs, "", "Accept: application/zip\r\nConnection: close\r\n"));
  const HttpAnswer zip = client.Read(Soon()).value_or(HttpAnswer{});
  EXPECT_EQ(zip.status, 200);
  EXPECT_EQ(zip.Field("Content-Type"), "application/zip");
}

// Bytes of a process that lie in no file, so in no memfd either.
long AnonymousBytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtol(line.c_str() + 8, nullptr, 10) * 1024;
  }
  return -1;
}

TEST(UpstreamStory, FiftyMegabytesGoBothWaysWithoutBeingHeldInTheHeap) {
  constexpr std::size_t kSize = 50'000'000;
  std::atomic<pid_t> pid{0};
  std::atomic<long> most{0};
  const auto look = [&] { most = std::max(most.load(), AnonymousBytes(pid)); };
  const ScriptedServer app([&](ServerConnection& connection) {
    while (connection.ReadHead()) {
      std::size_t done = 0;
      for (; done < kSize; done += 5'000'000) {
        if (connection.Discard(5'000'000) != 5'000'000) return;
        look();
      }
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
      const std::string piece(5'000'000, 'y');
      for (done = 0; done < kSize && connection.Send(piece); done += piece.size()) look();
    }
  });
  // Stored whole; of a stream, what a slow client has not read yet may lie there.
  const ServiceProcess service(Queue(app, "workers: 3, stream: false"), "memory: {budget: 400MiB}");
  pid = service.pid();
  const long before = AnonymousBytes(pid);
  ASSERT_GT(before, 0);
  const std::string body(kSize, 'x');
  for (int i = 0; i < 3; ++i) {
    const HttpAnswer answer = service.Post(kJobs, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body.size(), kSize);
  }
#ifndef HEADRACE_SANITIZED
  EXPECT_LT(std::max(most.load(), AnonymousBytes(pid)), before + 10'000'000);
#endif
}

}  // namespace
}  // namespace headrace::testing_support
