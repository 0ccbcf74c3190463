#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "http/jobs/job_views.h"
#include "http/jobs/queue_views.h"
#include "http/jobs/result_answer.h"
#include "http/message/problem.h"
#include "http/page.h"
#include "http/service_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string BodyOf(const Answer& answer) {
  std::string body = answer.text;
  for (const auto& piece : answer.pieces) {
    body += piece.text;
    const auto bytes = piece.payload.Bytes();
    const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (piece.base64) {
      AppendBase64(body, view);
    } else {
      body += view;
    }
  }
  EXPECT_EQ(body.size(), answer.BodySize());
  return body;
}

ResultPart Part(const char* name, const char* type, std::string bytes) {
  return {name, type, Payload::FromString(std::move(bytes)), 0};
}

Outcome Pages(int count) {
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.timings.wait = Seconds(0.25);
  outcome.timings.run = Seconds(1.5);
  for (int i = 1; i <= count; ++i) {
    outcome.parts.push_back(Part(("page-000" + std::to_string(i) + ".png").c_str(), "image/png",
                                 "bytes" + std::to_string(i)));
  }
  return outcome;
}

Answer AnswerFor(Outcome outcome, const char* accept) {
  return OutcomeAnswer(std::move(outcome), {accept, "job1", "pdf"});
}

TEST(Problem, CarriesWhatTheClientMayKnowAndNothingElse) {
  const Error error{ErrorCode::kOverloaded, "queue-full", "the \"queue\" is full", "secret", 7};
  const Answer answer = ProblemAnswer(error, "job1");
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.fields, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(answer.fields, HasSubstr("Retry-After: 7\r\n"));
  EXPECT_EQ(answer.text,
            "{\"type\":\"/problems/queue-full\",\"title\":\"Too Many Requests\",\"status\":429,"
            "\"detail\":\"the \\\"queue\\\" is full\",\"job_id\":\"job1\"}\n");
}

TEST(Problem, HasATypeEvenIfTheErrorNamesNone) {
  const Answer answer = ProblemAnswer({ErrorCode::kDeadlineExceeded, "", "", "", 0});
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.text,
            "{\"type\":\"/problems/deadline-exceeded\",\"title\":\"Gateway "
            "Timeout\",\"status\":504}\n");
}

TEST(Result, IsItsOnlyPartWithTheFieldsThatMakeItHarmless) {
  const Answer answer = AnswerFor(Pages(1), "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields,
            "Content-Type: image/png\r\n"
            "Content-Disposition: inline; filename=\"page-0001.png\"\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n"
            "Job-Id: job1\r\nServer-Timing: queue;dur=250.000, run;dur=1500.000\r\n");
  EXPECT_EQ(BodyOf(answer), "bytes1");
}

TEST(ServerTimingTest, TellsCpuTimeAndPeakMemoryWhereTheyAreKnown) {
  EXPECT_EQ(ServerTiming({Seconds(0.25), Seconds(1.5), Seconds(1.2345), 7'340'032}),
            "Server-Timing: queue;dur=250.000, run;dur=1500.000, cpu;dur=1234.500, "
            "mem;desc=\"7340032\"\r\n");
  EXPECT_EQ(ServerTiming({Seconds(0.25), Seconds(1.5), Seconds(0.001), 0}),
            "Server-Timing: queue;dur=250.000, run;dur=1500.000, cpu;dur=1.000\r\n");
}

TEST(Result, OfSeveralPartsIsAZip) {
  const Answer answer = AnswerFor(Pages(2), "*/*");
  EXPECT_THAT(answer.fields, HasSubstr("Content-Type: application/zip\r\n"));
  EXPECT_THAT(answer.fields, HasSubstr("attachment; filename=\"pdf.zip\""));
  EXPECT_THAT(BodyOf(answer), StartsWith("PK\x03\x04"));
}

TEST(Result, OfOnePartIsAZipOnRequest) {
  EXPECT_THAT(BodyOf(AnswerFor(Pages(1), "application/zip")), StartsWith("PK\x03\x04"));
}

TEST(Result, IsJsonWithItsPartsInBase64OnRequest) {
  const Answer answer = AnswerFor(Pages(1), "application/json");
  EXPECT_EQ(BodyOf(answer),
            "{\"job_id\":\"job1\",\"queue\":\"pdf\",\"state\":\"succeeded\",\"wait_ms\":250.0,"
            "\"run_ms\":1500.0,\"parts\":[{\"name\":\"page-0001.png\",\"media_type\":\"image/"
            "png\",\"size\":6,\"base64\":\"Ynl0ZXMx\"}]}\n");
}

TEST(Result, IsMultipartMixedOnRequest) {
  const std::string body = BodyOf(AnswerFor(Pages(2), "multipart/mixed"));
  EXPECT_THAT(body, HasSubstr("Content-Length: 6\r\n\r\nbytes1\r\n--"));
  EXPECT_THAT(body, HasSubstr("\r\n\r\nbytes2\r\n--"));
  EXPECT_EQ(body.substr(body.size() - 4), "--\r\n");
}

TEST(Result, OfOnePartIsSentAsItselfWhereTheClientLikesNoOtherFormBetter) {
  for (const char* const accept :
       {"", "*/*", "text/*", "text/event-stream", "text/event-stream, application/json"}) {
    EXPECT_TRUE(IsSentAsItself(accept, "text/event-stream; charset=utf-8")) << accept;
  }
  for (const char* const accept :
       {"application/json", "application/zip", "image/png", "application/json, */*;q=0.5"}) {
    EXPECT_FALSE(IsSentAsItself(accept, "text/event-stream")) << accept;
  }
  EXPECT_TRUE(IsSentAsItself("application/json", "application/json"));
}

TEST(Result, IsRefusedWhereNoFormOfItIsAcceptable) {
  EXPECT_EQ(AnswerFor(Pages(2), "image/png").status, 406);
  EXPECT_EQ(AnswerFor(Pages(1), "text/html").status, 406);
}

TEST(Result, WithoutPartsHasNoContent) { EXPECT_EQ(AnswerFor(Pages(0), "").status, 204); }

TEST(Result, IsADownloadWhereABrowserCouldRunIt) {
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.parts.push_back(Part("a\"\r\nX: y/..\\.html", "text/html", "<script>"));
  const Answer answer = AnswerFor(std::move(outcome), "");
  EXPECT_THAT(answer.fields, HasSubstr("attachment; filename=\"a___X: y_.._.html\"\r\n"));
}

TEST(Result, NeverLetsAMediaTypeBreakTheHead) {
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.parts.push_back(Part("a", "text/plain\r\nX: y", ""));
  EXPECT_THAT(AnswerFor(std::move(outcome), "").fields, Not(HasSubstr("X: y")));
}

TEST(Result, OfAFailureIsAProblemWithTheJobsId) {
  Outcome outcome;
  outcome.state = JobState::kExpired;
  outcome.error = Error{ErrorCode::kDeadlineExceeded, "deadline", "too late", "", 0};
  const Answer answer = AnswerFor(std::move(outcome), "image/png");
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.text, HasSubstr("\"job_id\":\"job1\""));
  EXPECT_THAT(answer.fields, HasSubstr("Job-Id: job1\r\n"));
}

TEST(FormatHead, TellsTheConnectionsFate) {
  Answer answer;
  answer.text = "abc";
  EXPECT_THAT(FormatHead(answer, {true, true}, 0), StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(FormatHead(answer, {true, true}, 0), HasSubstr("Content-Length: 3\r\n\r\n"));
  EXPECT_THAT(FormatHead(answer, {true, true}, 0), Not(HasSubstr("Connection")));
  EXPECT_THAT(FormatHead(answer, {true, false}, 0), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(FormatHead(answer, {false, true}, 0), HasSubstr("Connection: keep-alive\r\n"));
}

TEST(Base64, PadsAsTheRfcShows) {
  for (const auto& [plain, coded] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    std::string out;
    AppendBase64(out, plain);
    EXPECT_EQ(out, coded);
  }
}

class ViewsTest : public ServiceFixture {};

TEST_F(ViewsTest, ListTheQueues) {
  EXPECT_THAT(QueuesJson(*service_), StartsWith("{\"queues\":[{\"name\":\"echo\""));
  EXPECT_THAT(QueueJson(*service_, 1), HasSubstr("\"handler\":\"pdf-to-image\""));
}

TEST_F(ViewsTest, ShowHowTheExecutorsOfAQueueAre) {
  ServiceQueue queue = service_->queues()[1];
  ExecutorState state;
  state.ready = true;
  state.trouble = ExecutorTrouble::kZygote;
  state.figures.started = 7;
  state.figures.deaths.at(static_cast<std::size_t>(ExecutorDeath::kSandbox)) = 2;
  queue.executors = [&state] { return state; };
  JobService::Options options;
  options.queues = {service_->queues()[0], queue};
  const JobService service(std::move(options), *engine_, *metrics_);
  EXPECT_THAT(QueueJson(service, 0), Not(HasSubstr("executors")));
  EXPECT_THAT(QueueJson(service, 1),
              HasSubstr("\"executors\":{\"ready\":true,\"healthy\":false,"
                        "\"last_trouble\":\"zygote-ended\",\"started\":7,\"deaths\":{"
                        "\"crash\":0,"));
  EXPECT_THAT(QueueJson(service, 1), HasSubstr("\"sandbox\":2}"));
  state.trouble = ExecutorTrouble::kNone;
  EXPECT_THAT(QueueJson(service, 1), HasSubstr("\"last_trouble\":null"));
}

TEST_F(ViewsTest, ShowTheProgressOfAJobOnceItIsKnown) {
  JobStatus status;
  status.record.state = JobState::kRunning;
  EXPECT_THAT(JobJson(status, *service_), Not(HasSubstr("progress")));
  status.steps = {2, 5};
  EXPECT_THAT(JobJson(status, *service_), HasSubstr("\"progress\":{\"done\":2,\"total\":5}"));
}

TEST_F(ViewsTest, ShowAPageWithoutScripts) {
  const Answer page = PageAnswer(*service_, true);
  EXPECT_THAT(page.fields, HasSubstr("Content-Security-Policy: default-src 'none'; "));
  EXPECT_THAT(page.text, HasSubstr("action=\"/v1/queues/pdf/jobs\""));
  EXPECT_THAT(page.text, HasSubstr(">echo</th>"));
  EXPECT_THAT(page.text, Not(HasSubstr("<script")));
}

TEST_F(ViewsTest, ShowNoFormWhereNoQueueTakesPdfs) {
  pdf_.name = "other";
  EXPECT_THAT(PageAnswer(*service_, true).text, Not(HasSubstr("<form")));
}

}  // namespace
}  // namespace headrace
