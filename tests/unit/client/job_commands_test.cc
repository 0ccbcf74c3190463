// Lists, a job, its result and its end, as they are printed.
#include "client/job_commands.h"

#include <string>
#include <tuple>
#include <vector>

#include "unit/client/client_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::Answering;
using testing_support::AnswerText;

class JobCommandsTest : public ClientTest {
 protected:
  static std::string Json(const std::string& text) {
    return AnswerText(200, text, "Content-Type: application/json\r\n");
  }
  static std::string Page(int first, int count, const std::string& next) {
    std::string jobs;
    for (int i = first; i < first + count; ++i) {
      jobs += fmt::format(R"({}{{"job_id":"job{}","queue":"q","state":"running","created":"now",)"
                          R"("progress":{{"done":1,"total":4}}}})",
                          i == first ? "" : ",", i);
    }
    return Json(fmt::format(R"({{"jobs":[{}]{}}})", jobs,
                            next.empty() ? "" : R"(,"next":")" + next + "\""));
  }

  AskedList asked_;
};

TEST_F(JobCommandsTest, JobsFollowsNextUpToTheLimit) {
  const Server server(Answering([&](const Request& request) {
    asked_.Add(request);
    const bool first = request.target.find("cursor") == std::string::npos;
    return Page(first ? 0 : 100, first ? 100 : 60, "/v1/jobs?limit=100&cursor=job99");
  }));
  EXPECT_EQ(ListJobs(Context(server), {"q", "running", 130}), ExitCode::kDone) << Errors();
  EXPECT_THAT(asked_.Lines(), ElementsAre("GET /v1/jobs?limit=100&queue=q&state=running",
                                          "GET /v1/jobs?limit=100&cursor=job99"));
  const std::string text = Printed();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 131);
  EXPECT_THAT(text, HasSubstr("ID      QUEUE  STATE    CREATED  PROGRESS\n"));
  EXPECT_THAT(text, HasSubstr("job129  q      running  now      1/4\n"));
}

TEST_F(JobCommandsTest, JobsAsJsonAreThePagesAsTheyCame) {
  const Server server(Answering([&](const Request&) { return Json("{\"jobs\": []}\n"); }));
  json_ = true;
  EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kDone);
  EXPECT_EQ(Printed(), "{\"jobs\": []}\n");
}

TEST_F(JobCommandsTest, JobsShowsTheSentenceOfAServiceWithoutKeys) {
  const Server server(Answering([&](const Request&) { return Problem(403, "jobs-not-listed"); }));
  EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kRefused);
  EXPECT_EQ(Errors(),
            "headrace: the jobs-not-listed problem (/problems/jobs-not-listed, HTTP 403)\n");
}

TEST_F(JobCommandsTest, JobsGoesNowhereElseForTheNextPage) {
  for (const char* next : {"http://evil.example/v1/jobs?x", "//evil.example/v1/jobs?", "/other",
                           "@evil.example/v1/jobs?"}) {
    const Server server(Answering([&](const Request& request) {
      asked_.Add(request);
      return Page(0, 1, next);
    }));
    EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kBroken);
  }
  EXPECT_EQ(asked_.Lines().size(), 4U);
}

TEST_F(JobCommandsTest, JobsFollowsNextOfAnEmptyPage) {
  const Server server(Answering([&](const Request& request) {
    const bool first = request.target.find("cursor") == std::string::npos;
    return first ? Page(0, 0, "/v1/jobs?limit=50&cursor=job9") : Page(0, 1, "");
  }));
  EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kDone);
  EXPECT_THAT(Printed(), HasSubstr("job0"));
}

TEST_F(JobCommandsTest, APageThatLeadsToItselfEndsTheList) {
  const Server server(
      Answering([&](const Request&) { return Page(0, 0, "/v1/jobs?cursor=again"); }));
  EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kDone);
}

TEST_F(JobCommandsTest, AJobThatTheServiceDoesNotKnowHasFailed) {
  for (const auto& [status, type, code] : std::vector<std::tuple<int, std::string, ExitCode>>{
           {404, "no-such-job", ExitCode::kJobFailed},
           {410, "gone", ExitCode::kJobFailed},
           {404, "not-found", ExitCode::kRefused}}) {
    const Server server(Answering(
        [&, status = status, type = type](const Request&) { return Problem(status, type); }));
    EXPECT_EQ(ShowJob(Context(server), "job1", false), code) << type;
    EXPECT_EQ(CancelJob(Context(server), "job1", false), code) << type;
  }
}

TEST_F(JobCommandsTest, QueuesAreATable) {
  const Server server(Answering([&](const Request&) {
    return Json(
        R"({"queues":[{"name":"q","handler":"simulate","workers":2,"capacity":10,"waiting":1,)"
        R"("running":2,"succeeded":5,"failed":0},{"name":"p","handler":"pdf-to-image",)"
        R"("executors":{"healthy":false,"last_trouble":"cannot-start"}}]})");
  }));
  EXPECT_EQ(ListQueues(Context(server)), ExitCode::kDone) << Errors();
  EXPECT_THAT(Printed(), HasSubstr("q      simulate      2        2        1        10        5  "
                                   "        0       ok\n"));
  EXPECT_THAT(Printed(), HasSubstr("cannot-start\n"));
}

TEST_F(JobCommandsTest, WhatIsNoListIsABrokenAnswer) {
  const Server server(Answering([&](const Request&) { return AnswerText(200, "<html>"); }));
  EXPECT_EQ(ListQueues(Context(server)), ExitCode::kBroken);
  EXPECT_EQ(ListJobs(Context(server), {}), ExitCode::kBroken);
  EXPECT_EQ(ShowJob(Context(server), "01abc", false), ExitCode::kBroken);
  EXPECT_THAT(Printed(), IsEmpty());
}

TEST_F(JobCommandsTest, AJobThatFailedIsShownWith0AndFollowedWith1) {
  const Server server(Answering([&](const Request&) { return Json(Status("failed")); }));
  EXPECT_EQ(ShowJob(Context(server), "01abc", false), ExitCode::kDone);
  EXPECT_THAT(Printed(), HasSubstr("state           failed\n"));
  EXPECT_EQ(ShowJob(Context(server), "01abc", true), ExitCode::kJobFailed);
}

TEST_F(JobCommandsTest, AnIdThatIsNoneIsNotSent) {
  const Server server(Answering([&](const Request& request) {
    asked_.Add(request);
    return Json(Status("running"));
  }));
  EXPECT_EQ(ShowJob(Context(server), "../queues", false), ExitCode::kRefused);
  EXPECT_EQ(CancelJob(Context(server), "a/b", false), ExitCode::kRefused);
  EXPECT_THAT(asked_.Lines(), IsEmpty());
}

TEST_F(JobCommandsTest, CancelLeavesAnEndedJobsResultAloneUnlessItIsToBeDropped) {
  std::string state = "succeeded";
  const Server server(Answering([&](const Request& request) {
    asked_.Add(request);
    return Json(Status(request.method == "DELETE" && state == "running" ? "cancelled" : state));
  }));
  EXPECT_EQ(CancelJob(Context(server), "01abc", false), ExitCode::kRefused);
  EXPECT_THAT(asked_.Lines(), ElementsAre("GET /v1/jobs/01abc"));
  EXPECT_THAT(Errors(), HasSubstr("--drop"));
  EXPECT_EQ(CancelJob(Context(server), "01abc", true), ExitCode::kDone);
  EXPECT_EQ(asked_.Lines().back(), "DELETE /v1/jobs/01abc");
  state = "running";
  EXPECT_EQ(CancelJob(Context(server), "01abc", false), ExitCode::kDone);
  EXPECT_THAT(Printed(), HasSubstr("01abc: cancelled\n"));
}

TEST_F(JobCommandsTest, AResultBeforeTheEndIsNotInTime) {
  const Server server(Answering([&](const Request&) { return Json(Status("running")); }));
  EXPECT_EQ(FetchResult(Context(server), "01abc", {Out()}, false), ExitCode::kNotInTime);
  EXPECT_THAT(Errors(), HasSubstr("--wait"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(JobCommandsTest, AResultIsFetchedAndItsFilesPrinted) {
  const Server server(Answering([&](const Request& request) {
    if (request.target.ends_with("/result/a")) return AnswerText(200, "12345");
    return Json(Status("succeeded", R"(,"parts":[{"name":"a","media_type":"x/y","size":5}])"));
  }));
  EXPECT_EQ(FetchResult(Context(server), "01abc", {Out()}, true), ExitCode::kDone) << Errors();
  EXPECT_EQ(Printed(), (Out() / "a").string() + "\n");
  EXPECT_EQ(FetchResult(Context(server), "01abc", {Out()}, true), ExitCode::kRefused);
  EXPECT_EQ(FetchResult(Context(server), "01abc", {Out(), "", true}, true), ExitCode::kDone);
  EXPECT_THAT(Errors(), Not(HasSubstr("broken")));
}

TEST_F(JobCommandsTest, ADroppedResultIsRefused) {
  const Server server(Answering([&](const Request&) { return Json(Status("succeeded")); }));
  EXPECT_EQ(FetchResult(Context(server), "01abc", {Out()}, false), ExitCode::kRefused);
  EXPECT_THAT(Errors(), HasSubstr("dropped"));
}

}  // namespace
}  // namespace headrace
