#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/echo/jobs";

class ApiTest : public ServerFixture {
 protected:
  RawAnswer Ask(const std::string& request, bool head_only = false) {
    RawClient client = Connect();
    client.Send(request);
    const auto answer = client.Read(head_only);
    EXPECT_TRUE(answer.has_value()) << request;
    return answer.value_or(RawAnswer());
  }
};

TEST_F(ApiTest, RunsAJobAndAnswersWithItsResult) {
  Serve();
  const RawAnswer answer = Ask(PostRequest(std::string(kJobs) + "?say=hi%20there", "payload"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "say=hi there;payload");
  EXPECT_EQ(answer.Field("content-type"), "text/plain");
  EXPECT_EQ(answer.Field("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.Field("content-security-policy"), "sandbox");
  EXPECT_EQ(answer.Field("content-disposition"), "inline; filename=\"part-1.txt\"");
  EXPECT_THAT(answer.Field("job-id"), MatchesRegex("[0-9A-Za-z]+"));
  EXPECT_THAT(answer.Field("server-timing"), MatchesRegex("queue;dur=[0-9.]+, run;dur=[0-9.]+"));
}

TEST_F(ApiTest, TakesAJobWithoutABody) {
  Serve();
  EXPECT_EQ(Ask(GetRequest("/")).status, 200);
  EXPECT_EQ(Ask("POST /v1/queues/echo/jobs?say=x HTTP/1.1\r\nHost: a\r\n\r\n").body, "say=x;");
}

TEST_F(ApiTest, TakesPutAndPostAtTheShortPath) {
  Serve();
  EXPECT_EQ(Ask("PUT /put HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").body, "x");
  EXPECT_EQ(Ask(PostRequest("/put", "y")).body, "y");
}

TEST_F(ApiTest, TakesParamsFromAFormAndItsFileAsPayload) {
  Serve();
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nword\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"say\"\r\n\r\n\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"/etc/passwd\"\r\n"
      "Content-Type: text/plain\r\n\r\nthe file\r\n--b--\r\n";
  const RawAnswer answer =
      Ask(PostRequest(kJobs, body, "Content-Type: multipart/form-data; boundary=b\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "secret=word;the file");
}

TEST_F(ApiTest, TakesSecretsFromHeadersButNotFromTheQuery) {
  Serve();
  EXPECT_EQ(Ask(PostRequest(kJobs, "", "headrace-param-SECRET: word\r\n")).body, "secret=word;");
  EXPECT_EQ(Ask(PostRequest(std::string(kJobs) + "?secret=word", "")).status, 422);
}

TEST_F(ApiTest, RefusesUnknownParamsWith422) {
  Serve();
  const RawAnswer answer = Ask(PostRequest(std::string(kJobs) + "?nonsense=1", ""));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Field("content-type"), "application/problem+json");
  EXPECT_THAT(answer.body, StartsWith("{\"type\":\"/problems/"));
}

TEST_F(ApiTest, AnswersWithAZipForSeveralParts) {
  Serve();
  const RawAnswer answer = Ask(PostRequest(std::string(kJobs) + "?parts=3", "abc"));
  EXPECT_EQ(answer.Field("content-type"), "application/zip");
  EXPECT_EQ(answer.Field("content-length"), std::to_string(answer.body.size()));
  EXPECT_THAT(answer.body, StartsWith("PK\x03\x04"));
}

TEST_F(ApiTest, Answers406WhereNoFormIsAcceptable) {
  Serve();
  EXPECT_EQ(Ask(PostRequest(kJobs, "", "Accept: image/png\r\n")).status, 406);
}

TEST_F(ApiTest, ContinuesTheCallersTrace) {
  Serve();
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const RawAnswer answer =
      Ask(GetRequest("/v1/queues", "traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n"));
  EXPECT_THAT(answer.Field("traceparent"), StartsWith("00-" + trace + "-"));
  EXPECT_THAT(answer.Field("traceparent"), testing::Not(HasSubstr("00f067aa0ba902b7")));
  const std::string one = "traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n";
  EXPECT_THAT(Ask(GetRequest("/v1/queues", one + one)).Field("traceparent"),
              testing::Not(HasSubstr(trace)))
      << "two of them are none";
  EXPECT_THAT(Ask(GetRequest("/v1/nothing", "traceparent: nonsense\r\n")).Field("traceparent"),
              MatchesRegex("00-[0-9a-f]+-[0-9a-f]+-0[01]"));
}

TEST_F(ApiTest, ListsQueues) {
  Serve();
  EXPECT_THAT(Ask(GetRequest("/v1/queues")).body, HasSubstr("\"name\":\"echo\""));
  EXPECT_THAT(Ask(GetRequest("/v1/queues/echo")).body, HasSubstr("\"path\":\"/put\""));
  EXPECT_EQ(Ask(GetRequest("/v1/queues/none")).status, 404);
}

TEST_F(ApiTest, ShowsThePageToBrowsersAndJsonToOthers) {
  Serve();
  EXPECT_THAT(Ask(GetRequest("/", "Accept: text/html,*/*;q=0.8\r\n")).body,
              StartsWith("<!doctype html>"));
  EXPECT_THAT(Ask(GetRequest("/", "Accept: application/json\r\n")).body,
              StartsWith("{\"queues\":"));
}

TEST_F(ApiTest, SendsNoBodyForHead) {
  Serve();
  RawClient client = Connect();
  client.Send("HEAD /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n" + GetRequest("/v1/queues/echo"));
  EXPECT_NE(client.Read(true)->Field("content-length"), "0");
  EXPECT_THAT(client.Read()->body, StartsWith("{\"name\":\"echo\""));
}

TEST_F(ApiTest, TellsWhatIsAllowed) {
  Serve();
  RawAnswer answer = Ask(GetRequest(kJobs));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Field("allow"), "POST, OPTIONS");
  answer = Ask("OPTIONS /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.Field("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(Ask("BREW /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
  EXPECT_EQ(Ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
}

TEST_F(ApiTest, RefusesACompressedBody) {
  Serve();
  EXPECT_EQ(Ask(PostRequest(kJobs, "x", "Content-Encoding: gzip\r\n")).status, 415);
  EXPECT_EQ(Ask(PostRequest(kJobs, "x", "Content-Encoding: identity\r\n")).status, 200);
}

TEST_F(ApiTest, RefusesAMalformedRequestTimeout) {
  Serve();
  for (const char* value : {"0", "-1", "x", "1s", "86401"}) {
    EXPECT_EQ(
        Ask(PostRequest(kJobs, "x", std::string("Request-Timeout: ") + value + "\r\n")).status, 400)
        << value;
  }
}

TEST_F(ApiTest, AnswersAtTheCallersOwnDeadline) {
  Serve();
  CloseGate();
  const RawAnswer answer = Ask(PostRequest(kJobs, "x", "Request-Timeout: 1\r\n"));
  EXPECT_EQ(answer.status, 504);
  EXPECT_NE(answer.Field("job-id"), "");
}

TEST_F(ApiTest, RefusesWith429AndRetryAfterWhenTheQueueIsFull) {
  Serve();
  CloseGate();
  const std::string request =
      PostRequest("/v1/queues/pdf/jobs", "x", "Content-Type: application/pdf\r\n");
  RawClient first = Connect();
  first.Send(request);
  ASSERT_TRUE(WaitForRunning(1, 1));
  const RawAnswer answer = Ask(request);
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.body, HasSubstr("\"type\":\"/problems/queue-full\""));
  EXPECT_GE(std::stoi(answer.Field("retry-after")), 1);
  OpenGate();
  EXPECT_EQ(first.Read()->status, 200);
}

TEST_F(ApiTest, ChecksThePayloadsTypeButForgivesCurlsDefault) {
  Serve();
  const char* jobs = "/v1/queues/pdf/jobs";
  EXPECT_EQ(Ask(PostRequest(jobs, "x", "Content-Type: text/plain\r\n")).status, 415);
  EXPECT_EQ(Ask(PostRequest(jobs, "x", "Content-Type: Application/PDF; a=b\r\n")).status, 200);
  EXPECT_EQ(
      Ask(PostRequest(jobs, "x", "Content-Type: application/x-www-form-urlencoded\r\n")).status,
      200);
}

TEST_F(ApiTest, CancelsAJobByDelete) {
  Serve();
  CloseGate();
  RawClient client = Connect();
  client.Send(PostRequest(kJobs, "x"));
  ASSERT_TRUE(WaitForRunning(1));
  const std::string id = engine_->Unfinished().at(0)->id;
  const RawAnswer deleted = Ask("DELETE /v1/jobs/" + id + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_THAT(deleted.body, HasSubstr("\"state\":\"cancelled\""));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->Field("job-id"), id);
  ASSERT_TRUE(WaitForFinished(1));
  EXPECT_EQ(Ask("DELETE /v1/jobs/" + id + " HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
}

TEST_F(ApiTest, RefusesJobsWhileDraining) {
  Serve();
  service_->StopAdmitting();
  const RawAnswer answer = Ask(PostRequest(kJobs, "x"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.Field("retry-after"), "");
}

TEST_F(ApiTest, CountsRequestsAndConnections) {
  Serve();
  {
    RawClient client = Connect();
    for (int i = 0; i < 2; ++i) {  // the first is counted before the second is read
      client.Send(GetRequest("/v1/queues"));
      ASSERT_TRUE(client.Read());
    }
    EXPECT_THAT(metrics_->Serialize(), HasSubstr("headrace_http_connections 1\n"));
    EXPECT_THAT(metrics_->Serialize(), HasSubstr("headrace_http_requests_total{"));
  }
}

}  // namespace
}  // namespace headrace
