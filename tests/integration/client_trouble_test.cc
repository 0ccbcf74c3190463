// The client with a service that is full, dies, or means ill, and a user who has enough.
#include "integration/client_story.h"

namespace headrace::testing_support {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using ClientTrouble = ClientStory;

TEST_F(ClientTrouble, ComesBackAfterRetryAfterUntilThereIsRoom) {
  const ServiceProcess service(kOne);
  HttpClient first(service.port());
  first.Send(MakeRequest("POST", "/v1/queues/simulate/jobs?mode=sleep&ms=1000"));
  ASSERT_TRUE(service.Await(kRunning, 1));
  const ClientEnd end = RunClient(Sleep(service, 0));
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(end.err, AllOf(HasSubstr("/problems/queue-full, HTTP 429)"), HasSubstr("again in")));
}

TEST_F(ClientTrouble, GivesUpWith3) {
  const ServiceProcess service(kOne);
  HttpClient first(service.port());
  first.Send(MakeRequest("POST", "/v1/queues/simulate/jobs?mode=sleep&ms=30000"));
  ASSERT_TRUE(service.Await(kRunning, 1));
  EXPECT_EQ(RunClient(Sleep(service, 0, {"--retries", "0"})).status, 3);
  const ClientEnd late = RunClient(Sleep(service, 0, {"--timeout", "500ms"}));
  EXPECT_EQ(late.status, 3);
  EXPECT_THAT(late.err, HasSubstr("--timeout"));
}

TEST_F(ClientTrouble, AnInterruptCancelsTheJobThatIsFollowed) {
  const ServiceProcess service(kTwo);
  for (const int signal : {SIGINT, SIGTERM}) {
    ClientProcess client(Sleep(service, 30'000));
    ASSERT_TRUE(client.AwaitError("standard input: running"));
    client.Signal(signal);
    const ClientEnd end = client.Wait();
    EXPECT_EQ(end.status, 130);
    EXPECT_THAT(end.err, HasSubstr("is cancelled"));
    EXPECT_TRUE(service.Await(kRunning, 0));
  }
  EXPECT_TRUE(
      service.Await("headrace_jobs_finished_total{queue=\"simulate\",outcome=\"cancelled\"}", 2))
      << service.MetricsText();
}

TEST_F(ClientTrouble, WhatNohupIgnoresIsIgnored) {
  const ServiceProcess service(kTwo);
  ClientProcess::Options options;
  options.nohup = true;
  ClientProcess client(Sleep(service, 1'000), options);
  ASSERT_TRUE(client.AwaitError("standard input: running"));
  client.Signal(SIGHUP);
  const ClientEnd end = client.Wait();
  EXPECT_EQ(end.status, 0) << end.err;
}

TEST_F(ClientTrouble, AnInterruptOfOneRequestCancelsItsJobToo) {
  const ServiceProcess service(kTwo);
  ClientProcess client(Sleep(service, 30'000, {"--wait"}));
  ASSERT_TRUE(service.Await(kRunning, 1));
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait().status, 130);
  EXPECT_TRUE(service.Await(kRunning, 0));
}

TEST_F(ClientTrouble, ASecondInterruptEndsItAtOnce) {
  // It takes the job, and answers nothing from then on.
  const ScriptedServer server([](ServerConnection& connection) {
    const auto request = connection.ReadRequest();
    if (request && request->method == "POST") {
      connection.Send(AnswerText(202, R"({"job_id":"01abc","state":"running"})",
                                 "Content-Type: application/json\r\n"));
    }
    connection.AwaitEnd();
  });
  ClientProcess client(Submit(server.port(), "q", {"-"}));
  ASSERT_TRUE(client.AwaitError("standard input: running"));
  client.Signal(SIGINT);
  ASSERT_TRUE(client.AwaitError("cancelling"));
  const SteadyTime start = SteadyClock::now();
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait().status, 130);
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(4)) << "it waits 5 s for the DELETE";
}

TEST_F(ClientTrouble, AServiceThatDiesIs4AndSaysHowToGoOn) {
  ServiceProcess service(kTwo);
  ClientProcess client(Sleep(service, 30'000, {"--retries", "2"}));
  ASSERT_TRUE(client.AwaitError("standard input: running"));
  service.Signal(SIGKILL);
  const ClientEnd end = client.Wait();
  EXPECT_EQ(end.status, 4) << end.err;
  EXPECT_THAT(end.err, AllOf(HasSubstr("cannot reach"), HasSubstr("given up after 2 retries"),
                             HasSubstr("--wait fetches its result")));
  EXPECT_THAT(Names(Out()), IsEmpty());
}

TEST_F(ClientTrouble, NobodyThereIs4) {
  EXPECT_EQ(RunClient({"queues", "--server", "http://127.0.0.1:1"}).status, 4);
  EXPECT_EQ(RunClient({"queues", "--server", "http://no-such-host.invalid"}).status, 4);
}

TEST_F(ClientTrouble, AHostileServiceWritesNothingOutsideAndNothingToTheTerminal) {
  const ScriptedServer server([](ServerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      const bool part = request->target.find("/result/") != std::string::npos;
      const std::string status =
          R"({"job_id":"01abc","state":"succeeded","queue":"\u001b[2J","parts":[)"
          R"({"name":"../../\u001b[31mevil","media_type":"x/y","size":3},)"
          R"({"name":"/etc/evil","media_type":"x/y","size":3}]})";
      connection.Send(part ? AnswerText(200, "bad")
                           : AnswerText(request->method == "POST" ? 202 : 200, status,
                                        "Content-Type: application/json\r\n"));
    }
  });
  const ClientEnd end = RunClient(Submit(server.port(), "q", {kSample}));
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(Names(dir_.path()), ElementsAre("out/___..__[31mevil", "out/_etc_evil"));
  EXPECT_THAT(end.out + end.err, Not(HasSubstr("\x1b")));
}

TEST_F(ClientTrouble, ALargeResultIsNeverInMemoryWhole) {
  static constexpr std::size_t kSize = std::size_t{300} << 20;
  const ScriptedServer server([](ServerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      if (request->method == "POST") {
        connection.Send(
            AnswerText(202,
                       fmt::format(R"({{"job_id":"01abc","state":"succeeded","parts":[)"
                                   R"({{"name":"big","media_type":"x/y","size":{}}}]}})",
                                   kSize),
                       "Content-Type: application/json\r\n"));
        continue;
      }
      connection.Send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kSize));
      const std::string some(std::size_t{1} << 20, 'x');
      for (std::size_t sent = 0; sent < kSize; sent += some.size()) connection.Send(some);
    }
  });
  ClientProcess::Options options;
#ifndef HEADRACE_SANITIZED  // who reserve far more than they use
  options.memory = std::size_t{100} << 20;
#endif
  const ClientEnd end = RunClient(Submit(server.port(), "q", {kSample}), options);
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(std::filesystem::file_size(Out() / "big"), kSize);
}

}  // namespace
}  // namespace headrace::testing_support
