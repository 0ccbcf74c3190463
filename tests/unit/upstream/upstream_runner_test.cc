// Jobs through a real server.
#include "handler/upstream/upstream_runner.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/payload_writer.h"
#include "support/event.h"
#include "support/jobs.h"
#include "support/scripted_server.h"

namespace headrace {
namespace {

using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ScriptedServer;
using testing_support::ServedRequest;
using testing_support::ServerConnection;

UpstreamRunner::Options To(const std::string& url) {
  UpstreamRunner::Options options;
  options.upstream.url = url;
  return options;
}

TEST(UpstreamRunnerTest, SendsTheJobAndGivesTheAnswerBack) {
  ServedRequest seen;
  const ScriptedServer server(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(200, "{}", "Content-Type: application/json\r\n");
  }));
  UpstreamRunner runner(To(server.Url()));
  const auto job = MakeJob(0, 3);
  job->media_type = "text/csv";
  job->params = {{"top", "3"}};
  const Outcome outcome = runner.Run(*job);
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.parts.size(), 1U);
  EXPECT_EQ(outcome.parts[0].media_type, "application/json");
  EXPECT_GT(outcome.timings.run.count(), 0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/predict?top=3");
  EXPECT_EQ(seen.body, "xxx");
  EXPECT_EQ(seen.Field("Content-Type"), "text/csv");
  EXPECT_EQ(seen.Field("Job-Id"), job->id);
}

// Whoever passed them on would have to say what they are in.
TEST(UpstreamRunnerTest, TakesNoBytesInACodingThatItHasNotAskedFor) {
  std::string fields;
  int status = 200;
  const ScriptedServer server(Answering([&](const ServedRequest& request) {
    EXPECT_EQ(request.Field("Accept-Encoding"), "identity");
    return AnswerText(status, "\x1f\x8b", "Content-Type: text/plain\r\n" + fields);
  }));
  UpstreamRunner runner(To(server.Url()));
  for (const char* const coding :
       {"Content-Encoding: gzip\r\n", "content-encoding: BR, identity\r\n"}) {
    fields = coding;
    status = 200;
    const Outcome outcome = runner.Run(*MakeJob());
    ASSERT_TRUE(outcome.error) << coding;
    EXPECT_EQ(outcome.error->type, "upstream-failed");
    EXPECT_THAT(outcome.error->hint, testing::HasSubstr("compressed"));
    status = 422;
    EXPECT_THAT(runner.Run(*MakeJob()).error->hint, testing::EndsWith("with status 422"));
  }
  fields = "Content-Encoding: Identity\r\n";
  status = 200;
  EXPECT_EQ(runner.Run(*MakeJob()).state, JobState::kSucceeded);
}

TEST(UpstreamRunnerTest, HandsPartsToWhoeverWantsThem) {
  const ScriptedServer server(
      Answering([](const ServedRequest&) { return AnswerText(200, "part"); }));
  UpstreamRunner runner(To(server.Url()));
  const auto job = MakeJob();
  std::vector<ResultPart> parts;
  job->on_part = [&](ResultPart part) { parts.push_back(std::move(part)); };
  const Outcome outcome = runner.Run(*job);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_TRUE(outcome.parts.empty());
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].name, "result");
}

// Answers in two chunks, the second one once it is told to.
ScriptedServer::Script Speaking(Event& go_on) {
  return [&](ServerConnection& connection) {
    while (connection.ReadRequest()) {
      connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n");
      if (!go_on.Wait()) return;
      connection.Send("3\r\ntwo\r\n0\r\n\r\n");
    }
  };
}

TEST(UpstreamRunnerTest, HandsPiecesToWhoeverWantsThemBeforeTheAnswerEnds) {
  Event go_on;
  const ScriptedServer server(Speaking(go_on));
  UpstreamRunner runner(To(server.Url()));
  const auto job = MakeJob();
  std::string text;
  job->pieces.wants = [](std::string_view type) { return type == "application/octet-stream"; };
  job->pieces.take = [&](const ResultPart& piece) {
    const auto bytes = piece.bytes.Bytes();
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text == "one ") go_on.Set();
  };
  const Outcome outcome = runner.Run(*job);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_TRUE(outcome.parts.empty());
  EXPECT_EQ(text, "one two");
}

TEST(UpstreamRunnerTest, HandsNoPiecesOverWhereTheQueueDoesNotStream) {
  Event go_on;
  go_on.Set();
  const ScriptedServer server(Speaking(go_on));
  UpstreamRunner::Options options = To(server.Url());
  options.upstream.stream = false;
  UpstreamRunner runner(std::move(options));
  const auto job = MakeJob();
  job->pieces.wants = [](std::string_view) { return true; };
  job->pieces.take = [](const ResultPart&) { ADD_FAILURE(); };
  const Outcome outcome = runner.Run(*job);
  ASSERT_EQ(outcome.parts.size(), 1U);
  EXPECT_EQ(outcome.parts[0].bytes.size(), 7U);
}

TEST(UpstreamRunnerTest, EndsAtTheDeadlineAndWhenItIsCancelled) {
  const ScriptedServer server([](ServerConnection& connection) { connection.AwaitEnd(); });
  UpstreamRunner runner(To(server.Url()));
  const auto expiring = MakeJob();
  expiring->deadline = Deadline::After(std::chrono::milliseconds(30));
  const Outcome expired = runner.Run(*expiring);
  EXPECT_EQ(expired.state, JobState::kExpired);
  EXPECT_EQ(expired.error->code, ErrorCode::kDeadlineExceeded);

  const auto cancelled = MakeJob();
  std::thread run([&] { EXPECT_EQ(runner.Run(*cancelled).state, JobState::kCancelled); });
  EXPECT_TRUE(Eventually([&] { return server.connections() == 2; }));
  cancelled->cancel.Cancel(CancelReason::kDisconnected);
  run.join();
}

TEST(UpstreamRunnerTest, IsA500WithoutItsFileOfHeaderFields) {
  UpstreamRunner::Options options = To("http://127.0.0.1:1/");
  options.upstream.headers_file = "/nowhere/headers";
  UpstreamRunner runner(options);
  const Outcome outcome = runner.Run(*MakeJob());
  EXPECT_EQ(outcome.state, JobState::kFailed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->type, "upstream-headers");
}

TEST(UpstreamRunnerTest, IsA502WhenNobodyIsThere) {
  UpstreamRunner runner(To("http://127.0.0.1:1/"));
  const Outcome outcome = runner.Run(*MakeJob());
  EXPECT_EQ(outcome.state, JobState::kFailed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->type, "upstream-unreachable");
}

TEST(UpstreamRunnerTest, KeepsToItsTimeoutsAndLimits) {
  const ScriptedServer server(
      Answering([](const ServedRequest&) { return AnswerText(200, std::string(2000, 'x')); }));
  UpstreamRunner::Options small = To(server.Url());
  small.max_result = 1999;
  EXPECT_EQ(UpstreamRunner(small).Run(*MakeJob()).error->type, "result-too-large");
  UpstreamRunner::Options short_head = To(server.Url());
  short_head.upstream.max_response_headers = 10;
  EXPECT_EQ(UpstreamRunner(short_head).Run(*MakeJob()).error->type, "upstream-failed");
  const ScriptedServer stalling([](ServerConnection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\n");
    connection.AwaitEnd();
  });
  UpstreamRunner::Options impatient = To(stalling.Url());
  impatient.upstream.idle_timeout = std::chrono::milliseconds(20);
  EXPECT_EQ(UpstreamRunner(impatient).Run(*MakeJob()).error->type, "upstream-unreachable");
}

TEST(UpstreamRunnerTest, KeepsOneConnectionForEachOfItsWorkers) {
  constexpr int kWorkers = 4;
  constexpr int kJobs = 50;
  std::atomic<int> good{0};
  const ScriptedServer server(
      Answering([](const ServedRequest& request) { return AnswerText(200, request.body); }));
  UpstreamRunner runner(To(server.Url()));
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < kJobs; ++i) {
        const auto job = MakeJob();
        const std::string token = std::to_string(worker) + "/" + std::to_string(i);
        job->payload = Payload::FromString(token);
        const Outcome outcome = runner.Run(*job);
        if (outcome.state != JobState::kSucceeded) continue;
        const auto bytes = outcome.parts.at(0).bytes.Bytes();
        good +=
            token == std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(good, kWorkers * kJobs);
  EXPECT_LE(server.connections(), kWorkers);
}

TEST(UpstreamRunnerTest, AccountsForAnAnswerWhileItComes) {
  Ledger ledger(1000);
  Event seen;
  const ScriptedServer server([&](ServerConnection& connection) {
    connection.ReadHead();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + std::string(400, 'x'));
    EXPECT_TRUE(seen.Wait());
    connection.Send(std::string(200, 'x'));
  });
  UpstreamRunner::Options options = To(server.Url());
  options.store = ResultStore(&ledger, nullptr);
  UpstreamRunner runner(options);
  const auto job = MakeJob();
  std::thread watch([&] {
    EXPECT_TRUE(Eventually([&] { return ledger.Used(MemoryUse::kResults) == 400; }));
    seen.Set();
  });
  EXPECT_EQ(runner.Run(*job).parts.size(), 1U);
  watch.join();
  EXPECT_EQ(ledger.Used(), 0U) << "the outcome is its taker's to account for";
}

// Results may wait for long; who comes meanwhile needs descriptors.
TEST(UpstreamRunnerTest, KeepsNoMoreDescriptorsForAnswersThanItMay) {
  constexpr std::size_t kAnswers = 100;
  const std::string body(70'000, 'x');
  const ScriptedServer server(
      Answering([&](const ServedRequest&) { return AnswerText(200, body); }));
  Ledger descriptors(50);
  UpstreamRunner::Options options = To(server.Url());
  options.store = ResultStore(nullptr, nullptr, &descriptors);
  UpstreamRunner runner(options);
  std::vector<Outcome> outcomes;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kAnswers; ++i) {
    outcomes.push_back(runner.Run(*MakeJob()));
    ASSERT_EQ(outcomes.back().parts.size(), 1U);
    const Payload& bytes = outcomes.back().parts.front().bytes;
    EXPECT_EQ(bytes.size(), body.size());
    if (bytes.InMemfd()) ++kept;
  }
  EXPECT_EQ(kept, 50U);
}

TEST(UpstreamRunnerTest, CarriesFiftyMegabytesBothWaysWithoutHoldingThemInTheHeap) {
  constexpr std::size_t kSize = 50'000'000;
  constexpr std::size_t kPiece = 1'000'000;
  std::atomic<std::size_t> received{0};
  // It reads and answers piece by piece, so that the test's own heap stays flat as well.
  const ScriptedServer server([&](ServerConnection& connection) {
    connection.ReadHead();
    received = connection.Discard(kSize);
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string piece(kPiece, 'y');
    for (std::size_t sent = 0; sent < kSize; sent += kPiece) connection.Send(piece);
  });
  PayloadWriter writer;
  const std::string piece(kPiece, 'x');
  for (std::size_t size = 0; size < kSize; size += kPiece) ASSERT_TRUE(writer.Append(piece).ok());
  const auto job = MakeJob();
  job->payload = *writer.Finish();
  UpstreamRunner runner(To(server.Url()));
  const auto before = mallinfo2();
  const Outcome outcome = runner.Run(*job);
  const auto after = mallinfo2();
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_EQ(received, kSize);
  EXPECT_EQ(outcome.parts.at(0).bytes.size(), kSize);
  EXPECT_TRUE(outcome.parts.at(0).bytes.InMemfd());
#ifndef HEADRACE_SANITIZED
  EXPECT_LT(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd + 3 * kPiece);
#else
  static_cast<void>(before);
  static_cast<void>(after);
#endif
}

}  // namespace
}  // namespace headrace
