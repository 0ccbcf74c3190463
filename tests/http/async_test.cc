// Jobs that outlive their connections, as clients see them.
#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

#include "base/job_id.h"
#include "server_fixture.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr const char* kJobs = "/v1/queues/echo/jobs";
constexpr const char* kAsync = "Prefer: respond-async\r\n";

class AsyncTest : public ServerFixture {
 protected:
  RawAnswer Ask(const std::string& request) {
    RawClient client = Connect();
    client.Send(request);
    return client.Read().value_or(RawAnswer{});
  }
  RawAnswer Get(const std::string& target, const std::string& fields = "") {
    return Ask(GetRequest(target, fields));
  }
  // An answer in chunks, whole.
  std::string Stream(const std::string& target, const std::string& fields = "") {
    RawClient client = Connect();
    client.Send(GetRequest(target, fields + "Connection: close\r\n"));
    return client.ReadToEnd().value_or("no end");
  }
  // The path of a job that was accepted.
  std::string Accept(const std::string& body = "x", const std::string& query = "") {
    const RawAnswer answer = Ask(PostRequest(kJobs + query, body, kAsync));
    EXPECT_EQ(answer.status, 202) << answer.body;
    return answer.Field("location");
  }
  // The same of one that has succeeded.
  std::string Succeed(const std::string& body = "x", const std::string& query = "") {
    const std::string job = Accept(body, query);
    EXPECT_THAT(Get(job, "Prefer: wait=10\r\n").body, HasSubstr("\"state\":\"succeeded\""));
    return job;
  }
};

TEST_F(AsyncTest, AJobIsAcceptedWith202AndTellsWhereItsStatusIs) {
  Serve();
  CloseGate();
  const RawAnswer answer = Ask(PostRequest(kJobs, "x", kAsync));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.Field("location"), "/v1/jobs/" + answer.Field("job-id"));
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr("\"state\":\"waiting\""), HasSubstr("\"position\":0"),
                    HasSubstr("\"durability\":\"process\""), HasSubstr("\"estimated_start\":\"20"),
                    HasSubstr("\"created\":\"20")));
  EXPECT_EQ(answer.Field("preference-applied"), "respond-async");
  ASSERT_TRUE(WaitForRunning(1));
  EXPECT_THAT(Get(answer.Field("location")).body,
              AllOf(HasSubstr("\"state\":\"running\""), HasSubstr("\"attempt\":1")));
}

TEST_F(AsyncTest, ItsResultIsKeptWhenItsClientHasLongGone) {
  Serve();
  const std::string job = Succeed("hello");
  const RawAnswer status = Get(job);
  EXPECT_THAT(status.body, AllOf(HasSubstr("\"ended\":\"20"), HasSubstr("\"run_ms\":"),
                                 HasSubstr("\"size\":5"), HasSubstr("\"result_kept_until\":\"20"),
                                 HasSubstr("\"result\":\"" + job + "/result\"")));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Get(job + "/result").body, "hello");
}

TEST_F(AsyncTest, AServiceThatOnlyAnswersAtOnceIgnoresTheWish) {
  HttpOptions options;
  options.async = false;
  Serve(options);
  const RawAnswer answer = Ask(PostRequest(kJobs, "x", kAsync));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "x");
}

TEST_F(AsyncTest, WhoWaitsSoLongGetsTheResultIfItIsThereInTime) {
  Serve();
  const RawAnswer answer = Ask(PostRequest(kJobs, "x", "Prefer: wait=20\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "x");
  EXPECT_EQ(Get("/v1/jobs/" + answer.Field("job-id") + "/result").body, "x") << "it is kept";
}

TEST_F(AsyncTest, WhoWaitsSoLongIsToldThatTheJobGoesOn) {
  Serve();
  CloseGate();
  const RawAnswer answer = Ask(PostRequest(kJobs, "x", "Prefer: wait=1\r\n"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.Field("preference-applied"), "wait=1");
  EXPECT_EQ(Get(answer.Field("location") + "/result").status, 409);
  OpenGate();
  Get(answer.Field("location"), "Prefer: wait=10\r\n");
  EXPECT_EQ(Get(answer.Field("location") + "/result").body, "x");
}

TEST_F(AsyncTest, AJobThatWasNeverAcknowledgedIsCancelledWithItsConnection) {
  Serve();
  CloseGate();
  RawClient client = Connect();
  client.Send(PostRequest(kJobs, "x", "Prefer: wait=60\r\n"));
  ASSERT_TRUE(WaitForRunning(1));
  client.Close();
  ASSERT_TRUE(WaitForFinished(1));
  EXPECT_EQ(engine_->Figures(0).cancelled, 1U);
}

TEST_F(AsyncTest, AResultBeforeTheEndIs409WithRetryAfterAndAfterAFailure409WithItsState) {
  Serve();
  CloseGate();
  const std::string job = Accept("x", "?say=fail");
  const RawAnswer early = Get(job + "/result");
  EXPECT_EQ(early.status, 409);
  EXPECT_THAT(early.body, HasSubstr("/problems/not-ended"));
  EXPECT_EQ(early.Field("retry-after"), "1");
  OpenGate();
  EXPECT_THAT(Get(job, "Prefer: wait=10\r\n").body,
              AllOf(HasSubstr("\"state\":\"failed\""), HasSubstr("\"type\":\"/problems/crashed\""),
                    HasSubstr("\"status\":502"), HasSubstr("it crashed")));
  const RawAnswer late = Get(job + "/result");
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, AllOf(HasSubstr("/problems/no-result"), HasSubstr("failed")));
}

TEST_F(AsyncTest, AnAnswerAboutAJobNamesItAlsoWhereItIsAProblem) {
  Serve();
  const std::string job = Succeed();
  const std::string id = job.substr(job.rfind('/') + 1);
  const RawAnswer behind = Get(job + "/result", "Range: bytes=99-\r\n");
  EXPECT_EQ(behind.status, 416);
  EXPECT_EQ(behind.Field("job-id"), id);
  EXPECT_EQ(Get(job + "/result/none").Field("job-id"), id);
  EXPECT_EQ(Get(job + "/events", "Last-Event-ID: 1-2-0\r\n").Field("job-id"), id);
  Ask("DELETE " + job + " HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawAnswer gone = Get(job + "/result");
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.Field("job-id"), id);
}

TEST_F(AsyncTest, PartsAreFoundByTheirNamesAndAllOfThemAsAZip) {
  Serve();
  const std::string job = Succeed("x", "?parts=2");
  const RawAnswer whole = Get(job + "/result");
  EXPECT_EQ(whole.Field("content-type"), "application/zip");
  EXPECT_EQ(whole.Field("etag"), "");
  EXPECT_EQ(whole.Field("vary"), "Accept");
  const std::string body = Get(job).body;
  const auto at = body.find("\"href\":\"") + 8;
  const RawAnswer part = Get(body.substr(at, body.find('"', at) - at));
  EXPECT_EQ(part.status, 200);
  EXPECT_EQ(part.Field("vary"), "") << "it has one form";
  EXPECT_THAT(part.body, HasSubstr("x"));
  EXPECT_EQ(Get(job + "/result/none").status, 404);
  EXPECT_EQ(Get(job + "/result/").status, 404);
}

TEST_F(AsyncTest, RangesOfAPartComeBack) {
  Serve();
  const std::string result = Succeed("0123456789") + "/result";
  const RawAnswer whole = Get(result);
  EXPECT_EQ(whole.Field("accept-ranges"), "bytes");
  const std::string tag = whole.Field("etag");
  EXPECT_THAT(tag, MatchesRegex("\"[0-9a-z-]+\""));
  const RawAnswer middle = Get(result, "Range: bytes=2-4\r\n");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, "234");
  EXPECT_EQ(middle.Field("content-range"), "bytes 2-4/10");
  EXPECT_EQ(Get(result, "Range: bytes=-3\r\nIf-Range: " + tag + "\r\n").body, "789");
  EXPECT_EQ(Get(result, "Range: bytes=-3\r\nIf-Range: \"other\"\r\n").status, 200);
  const RawAnswer beyond = Get(result, "Range: bytes=10-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.Field("content-range"), "bytes */10");
  RawClient client = Connect();
  client.Send(GetRequest(result, "If-None-Match: " + tag + "\r\n"));
  client.Send(GetRequest(result));
  const auto same = client.Read(true);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->status, 304);
  EXPECT_EQ(same->Field("cache-control"), "private, no-cache");
  EXPECT_EQ(same->Field("content-length"), "");
  EXPECT_EQ(client.Read()->body, "0123456789") << "nothing follows a 304";
}

TEST_F(AsyncTest, RangesOfAPartInAFileComeBack) {
  KeepParts(PartsIn::kMemfd);
  Serve();
  std::string body(300'000, 'a');
  body += "the end";
  const std::string result = Succeed(body) + "/result";
  EXPECT_EQ(Get(result, "Range: bytes=300000-\r\n").body, "the end");
  EXPECT_EQ(Get(result, "Range: bytes=0-299999\r\n").body, body.substr(0, 300'000));
}

TEST_F(AsyncTest, DeleteCancelsAJobThatRunsAndDropsTheResultOfOneThatHasEnded) {
  Serve();
  const std::string done = Succeed();
  const std::string remove = "DELETE " + done + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    const RawAnswer dropped = Ask(remove);
    EXPECT_EQ(dropped.status, 200);
    EXPECT_THAT(dropped.body, AllOf(HasSubstr("\"state\":\"succeeded\""), Not(HasSubstr("parts"))));
  }
  EXPECT_EQ(Get(done + "/result").status, 410);
  CloseGate();
  const std::string job = Accept();
  ASSERT_TRUE(WaitForRunning(1));
  EXPECT_THAT(Ask("DELETE " + job + " HTTP/1.1\r\nHost: a\r\n\r\n").body,
              HasSubstr("\"state\":\"cancelled\""));
  EXPECT_THAT(Get(job, "Prefer: wait=10\r\n").body, HasSubstr("\"state\":\"cancelled\""));
}

TEST_F(AsyncTest, AJobThatIsNotThereIs404AndOneOfLongAgo410) {
  Serve();
  EXPECT_EQ(Get("/v1/jobs/none").status, 404);
  EXPECT_EQ(Get("/v1/jobs/" + NewJobId(0)).status, 404);
  EXPECT_EQ(Get("/v1/jobs/" + NewJobId(0) + "/events").status, 404);
  std::string old = NewJobId(0);
  old.replace(0, 10, "0100000000");
  EXPECT_EQ(Get("/v1/jobs/" + old).status, 410);
}

TEST_F(AsyncTest, LongPollingEndsWithTheJobOrWithItsTime) {
  Serve();
  CloseGate();
  const std::string job = Accept();
  ASSERT_TRUE(WaitForRunning(1));
  EXPECT_THAT(Get(job, "Prefer: wait=1\r\n").body, HasSubstr("\"state\":\"running\""));
  RawClient client = Connect();
  client.Send(GetRequest(job, "Prefer: wait=60\r\n"));
  OpenGate();
  EXPECT_THAT(client.Read().value_or(RawAnswer{}).body, HasSubstr("\"state\":\"succeeded\""));
}

TEST_F(AsyncTest, EventsTellOfEveryStateUpToTheEnd) {
  Serve();
  CloseGate();
  const std::string job = Accept();
  ASSERT_TRUE(WaitForRunning(1));
  RawClient client = Connect();
  client.Send(GetRequest(job + "/events"));
  std::string begin;
  while (begin.find("}}\n") == std::string::npos) {
    const std::string more = client.ReadSome();
    ASSERT_NE(more, "") << begin;
    begin += more;
  }
  EXPECT_THAT(begin, AllOf(HasSubstr("Content-Type: text/event-stream\r\n"),
                           HasSubstr("id: 1-1-0\nevent: state\ndata: {"),
                           HasSubstr("\"state\":\"running\"")));
  OpenGate();
  std::string rest;
  while (rest.find("\r\n0\r\n") == std::string::npos) {
    const std::string more = client.ReadSome();
    ASSERT_NE(more, "") << rest;
    rest += more;
  }
  EXPECT_THAT(rest, AllOf(HasSubstr("id: 1-2-0\nevent: state\n"), HasSubstr("succeeded")));
  client.Send(GetRequest(job));
  EXPECT_EQ(client.Read()->status, 200) << "the connection is kept";
}

TEST_F(AsyncTest, WhoComesBackForEventsIsToldWhatWasMissedAndAfterTheEndThatItIsTheEnd) {
  Serve();
  const std::string events = Succeed() + "/events";
  EXPECT_THAT(Stream(events), AllOf(HasSubstr("id: 1-2-0\n"), Not(HasSubstr("id: 1-1-0\n"))));
  EXPECT_THAT(Stream(events, "Last-Event-ID: 1-0-0\r\n"),
              AllOf(HasSubstr("id: 1-1-0\n"), HasSubstr("id: 1-2-0\n")));
  EXPECT_THAT(Stream(events, "Last-Event-ID: 1-1-0\r\n"), Not(HasSubstr("id: 1-1-0\n")));
  EXPECT_EQ(Get(events, "Last-Event-ID: 1-2-0\r\n").status, 204);
  EXPECT_THAT(Stream(events, "Last-Event-ID: nonsense\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AsyncTest, TheSameKeyIsTheSameJobAndOtherWorkUnderItIs422) {
  Serve();
  const std::string key = "Idempotency-Key: \"one\"\r\n";
  const RawAnswer first = Ask(PostRequest(kJobs, "x", key));
  EXPECT_EQ(first.status, 200);
  const RawAnswer second = Ask(PostRequest(kJobs, "x", "Idempotency-Key: one\r\n"));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, "x");
  EXPECT_EQ(second.Field("job-id"), first.Field("job-id"));
  EXPECT_EQ(Ask(PostRequest(kJobs, "x", key + kAsync)).Field("job-id"), first.Field("job-id"));
  EXPECT_EQ(engine_->Figures(0).accepted, 1U);
  const RawAnswer other = Ask(PostRequest(kJobs, "y", key));
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body, HasSubstr("/problems/idempotency-key-reused"));
  EXPECT_EQ(Ask(PostRequest(std::string(kJobs) + "?say=a", "x", key)).status, 422);
  EXPECT_EQ(Ask(PostRequest(kJobs, "x", "Idempotency-Key: two\r\n")).status, 200);
  EXPECT_EQ(Ask(PostRequest(kJobs, "x", "Idempotency-Key: a b\r\n")).status, 400);
}

TEST_F(AsyncTest, AHundredAtOnceWithOneKeyAreOneJobAndAHundredEqualAnswers) {
  Serve();
  CloseGate();
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(Connect());
    clients.back().Send(PostRequest(kJobs, "x", "Idempotency-Key: k\r\n"));
  }
  ASSERT_TRUE(WaitForRunning(1));
  OpenGate();
  std::string job;
  for (RawClient& client : clients) {
    const RawAnswer answer = client.Read().value_or(RawAnswer{});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "x");
    if (job.empty()) job = answer.Field("job-id");
    EXPECT_EQ(answer.Field("job-id"), job);
  }
  EXPECT_EQ(engine_->Figures(0).accepted, 1U);
}

TEST_F(AsyncTest, AFailureOfTheServiceFreesItsKey) {
  Serve();
  const std::string key = "Idempotency-Key: k\r\n";
  const RawAnswer failed = Ask(PostRequest(std::string(kJobs) + "?say=fail", "x", key));
  EXPECT_EQ(failed.status, 502);
  const RawAnswer again = Ask(PostRequest(std::string(kJobs) + "?say=fail", "x", key));
  EXPECT_NE(again.Field("job-id"), failed.Field("job-id"));
}

}  // namespace
}  // namespace headrace
