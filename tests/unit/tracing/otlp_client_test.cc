// Against a real server on this machine.
#include "tracing/otlp_client.h"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "support/event.h"
#include "support/folder.h"
#include "support/scripted_server.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ScriptedServer;
using testing_support::ServedRequest;
using Kind = ExportAnswer::Kind;

TracingOptions To(std::string endpoint) {
  TracingOptions options;
  options.endpoint = std::move(endpoint);
  return options;
}

ExportAnswer Send(const TracingOptions& options, Deadline deadline = Deadline::After(seconds(30)),
                  const CancelToken& cancel = {}) {
  return OtlpClient(options, "1.2.3").Send("{}", cancel, deadline);
}

TEST(OtlpClient, PostsJsonToTheTracesOfTheCollector) {
  ServedRequest seen;
  ScriptedServer server(Answering([&](const ServedRequest& request) {
    seen = request;
    return AnswerText(200, "{}", "Content-Type: application/json\r\n");
  }));
  const Folder folder;
  TracingOptions options = To(server.Url(""));
  options.headers_file = folder.path() / "headers";
  std::ofstream(options.headers_file) << "Authorization: Bearer tiger\n";
  const ExportAnswer answer = Send(options);
  EXPECT_EQ(answer.kind, Kind::kTaken);
  EXPECT_EQ(answer.rejected, 0U);
  EXPECT_EQ(answer.detail, "");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/traces");
  EXPECT_EQ(seen.Field("Content-Type"), "application/json");
  EXPECT_EQ(seen.Field("Authorization"), "Bearer tiger");
  EXPECT_EQ(seen.Field("User-Agent"), "headrace/1.2.3");
  EXPECT_EQ(seen.body, "{}");
}

TEST(OtlpClient, CountsWhatACollectorRejects) {
  const ExportAnswer text =
      JudgeAnswer(200, 0, R"({"partialSuccess":{"rejectedSpans":"5","errorMessage":"too old"}})");
  EXPECT_EQ(text.kind, Kind::kTaken);
  EXPECT_EQ(text.rejected, 5U);
  EXPECT_EQ(text.detail, "the collector says: too old");
  EXPECT_EQ(JudgeAnswer(200, 0, R"({"partialSuccess":{"rejectedSpans":7}})").rejected, 7U);
  for (const char* const all :
       {"", "{}", "nonsense", R"({"partialSuccess":{}})", R"({"partialSuccess":[1]})", "[]"}) {
    const ExportAnswer answer = JudgeAnswer(200, 0, all);
    EXPECT_EQ(answer.rejected, 0U) << all;
    EXPECT_EQ(answer.detail, "") << all;
  }
}

TEST(OtlpClient, TriesAgainOnlyWhatTheProtocolLetsItTry) {
  for (const int later : {429, 502, 503, 504}) {
    EXPECT_EQ(JudgeAnswer(later, 7, "").kind, Kind::kTryLater) << later;
    EXPECT_EQ(JudgeAnswer(later, 7, "").retry_after, seconds(7)) << later;
  }
  for (const int refused : {301, 307, 400, 401, 404, 413, 500, 501}) {
    EXPECT_EQ(JudgeAnswer(refused, 0, "").kind, Kind::kRefused) << refused;
  }
  EXPECT_EQ(JudgeAnswer(503, 1'000'000, "").retry_after, seconds(300));
  EXPECT_EQ(JudgeAnswer(503, -5, "").retry_after, seconds(0));
}

TEST(OtlpClient, ReadsRetryAfterFromTheAnswer) {
  ScriptedServer server(
      Answering([](const ServedRequest&) { return AnswerText(503, "", "Retry-After: 11\r\n"); }));
  const ExportAnswer answer = Send(To(server.Url("")));
  EXPECT_EQ(answer.kind, Kind::kTryLater);
  EXPECT_EQ(answer.retry_after, seconds(11));
  EXPECT_EQ(answer.detail, "the collector answered 503");
}

TEST(OtlpClient, FollowsNoRedirect) {
  ScriptedServer server(Answering(
      [](const ServedRequest&) { return AnswerText(307, "", "Location: /elsewhere\r\n"); }));
  EXPECT_EQ(Send(To(server.Url(""))).kind, Kind::kRefused);
  EXPECT_EQ(server.connections(), 1);
}

TEST(OtlpClient, TriesLaterWhereThereIsNoCollector) {
  std::uint16_t port = 0;
  {
    const ScriptedServer gone([](auto&) {});
    port = gone.port();
  }
  const ExportAnswer answer = Send(To("http://127.0.0.1:" + std::to_string(port)));
  EXPECT_EQ(answer.kind, Kind::kTryLater);
  EXPECT_THAT(answer.detail, HasSubstr("onnect"));
}

TEST(OtlpClient, GivesUpOnACollectorThatHangs) {
  ScriptedServer server([](auto& connection) { connection.AwaitEnd(); });
  const ExportAnswer late = Send(To(server.Url("")), Deadline::After(milliseconds(50)));
  EXPECT_EQ(late.kind, Kind::kTryLater);
  EXPECT_THAT(late.detail, HasSubstr("tracing.timeout"));
}

TEST(OtlpClient, EndsAtOnceWhenItIsCancelled) {
  Event asked;
  ScriptedServer server([&](auto& connection) {
    connection.ReadRequest();
    asked.Set();
    connection.AwaitEnd();
  });
  CancelToken cancel;
  std::thread canceller([&] {
    EXPECT_TRUE(asked.Wait());
    cancel.Cancel(CancelReason::kShutdown);
  });
  EXPECT_EQ(Send(To(server.Url("")), Deadline::After(seconds(60)), cancel).kind, Kind::kTryLater);
  canceller.join();
}

TEST(OtlpClient, KeepsSpansWhileItsFileOfHeaderFieldsCannotBeRead) {
  TracingOptions options = To("http://127.0.0.1:1");
  options.headers_file = "/nonexistent/headers";
  const ExportAnswer answer = Send(options);
  EXPECT_EQ(answer.kind, Kind::kTryLater);
  EXPECT_THAT(answer.detail, HasSubstr("headers_file: "));
}

TEST(OtlpClient, ReadsNoMoreOfAnAnswerThanItMustKnow) {
  ScriptedServer server(
      Answering([](const ServedRequest&) { return AnswerText(200, std::string(1'000'000, ' ')); }));
  EXPECT_EQ(Send(To(server.Url(""))).kind, Kind::kTaken);
}

}  // namespace
}  // namespace headrace
