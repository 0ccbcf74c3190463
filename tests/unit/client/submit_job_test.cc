// A file on its way through a service that does all that services do.
#include "client/submit_job.h"

#include <atomic>

#include "client/submit_command.h"
#include "unit/client/client_fixture.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing_support::Answering;
using testing_support::AnswerText;

constexpr const char* kParts = R"(,"parts":[{"name":"a.png","media_type":"image/png","size":3}])";

class SubmitJobTest : public ClientTest {
 protected:
  SubmitJobTest() {
    options_.queue = "q";
    options_.folder = Out();
  }
  ExitCode Submit(const Server& server) {
    const std::vector<std::string> files{InputFile("payload")};
    return SubmitFiles(options_, files, 4, Context(server));
  }
  // A service that takes the job and has it done at once.
  std::string Served(const Request& request) {
    asked_.Add(request);
    if (request.method == "POST") return Json(202, Status("waiting"));
    if (request.target.ends_with("/events")) {
      return EventsHead() + Event("1-2-0", Status("succeeded", kParts));
    }
    return AnswerText(200, "PNG");
  }
  static std::string Json(int status, const std::string& text) {
    return AnswerText(status, text, "Content-Type: application/json\r\n");
  }
  // One request a connection, which ends after it.
  Server::Script Once(std::function<std::string(const Request&)> answer) {
    return [answer = std::move(answer)](Connection& connection) {
      if (const auto request = connection.ReadRequest()) connection.Send(answer(*request));
    };
  }
  static std::string Mixed(const std::string& name, const std::string& body) {
    return "--b\r\nContent-Disposition: attachment; filename=\"" + name + "\"\r\n\r\n" + body +
           "\r\n--b--\r\n";
  }
  static constexpr const char* kMixed =
      "Content-Type: multipart/mixed; boundary=b\r\nJob-Id: 01abc\r\n";

  SubmitOptions options_;
  AskedList asked_;
};

TEST_F(SubmitJobTest, FollowsTheJobAndFetchesItsParts) {
  const Server server(Once([&](const Request& request) { return Served(request); }));
  options_.params = {{"dpi", "200"}, {"pages", "1-3,5"}};
  options_.header_params = {{"password", "s3 cret"}};
  options_.priority = 5;
  options_.webhook_url = "https://a.example/hook";
  options_.media_type = "application/pdf";
  EXPECT_EQ(Submit(server), ExitCode::kDone) << Errors();
  EXPECT_THAT(Files(), ElementsAre("a.png"));
  EXPECT_EQ(Printed(), (Out() / "a.png").string() + "\n");
  const Request post = asked_.At(0);
  EXPECT_EQ(post.target, "/v1/queues/q/jobs?dpi=200&pages=1-3%2C5");
  EXPECT_EQ(post.body, "payload");
  EXPECT_EQ(post.Field("Prefer"), "respond-async");
  EXPECT_EQ(post.Field("Idempotency-Key").size(), 32U);
  EXPECT_EQ(post.Field("Headrace-Param-password"), "s3 cret");
  EXPECT_EQ(post.Field("Priority"), "u=5");
  EXPECT_EQ(post.Field("Webhook-Url"), "https://a.example/hook");
  EXPECT_EQ(post.Field("Content-Type"), "application/pdf");
  EXPECT_EQ(post.Field("Request-Timeout"), "60") << "the client's --timeout";
  EXPECT_THAT(Errors(), Not(HasSubstr("s3 cret")));
}

TEST_F(SubmitJobTest, ComesBackAfterRetryAfterWithTheSameKey) {
  std::atomic<int> posts{0};
  const Server server(Once([&](const Request& request) {
    if (request.method == "POST" && ++posts == 1) {
      asked_.Add(request);
      return Problem(429, "queue-full", "Retry-After: 1\r\n");
    }
    return Served(request);
  }));
  const SteadyTime start = SteadyClock::now();
  EXPECT_EQ(Submit(server), ExitCode::kDone) << Errors();
  EXPECT_GE(SteadyClock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(asked_.At(0).Field("Idempotency-Key"), asked_.At(1).Field("Idempotency-Key"));
  EXPECT_THAT(Errors(), AllOf(HasSubstr("queue-full"), HasSubstr("again in 1 s")));
}

TEST_F(SubmitJobTest, GivesUpWith3WhenItIsRefusedToTheLastRetry) {
  retry_.most = 0;
  const Server server(
      Answering([&](const Request&) { return Problem(503, "draining", "Retry-After: 1\r\n"); }));
  EXPECT_EQ(Submit(server), ExitCode::kNotInTime);
  EXPECT_THAT(Errors(), HasSubstr("the draining problem (/problems/draining, HTTP 503)"));
}

TEST_F(SubmitJobTest, ALostRequestIsSentAgainWithAKeyAndNotWithoutOne) {
  for (const bool key : {true, false}) {
    std::atomic<int> posts{0};
    const Server server(Once([&](const Request& request) {
      if (request.method == "POST" && ++posts == 1) return std::string();
      return Served(request);
    }));
    options_.idempotency_key = key ? "auto" : "";
    EXPECT_EQ(Submit(server), key ? ExitCode::kDone : ExitCode::kBroken);
    EXPECT_EQ(posts, key ? 2 : 1);
  }
  EXPECT_THAT(Errors(), HasSubstr("whether the service has taken the job is not known"));
}

TEST_F(SubmitJobTest, WithoutAKeyNoKeptConnectionSendsARequestTwice) {
  // The connection is kept after the 429, and closed when the next request has come.
  std::atomic<int> posts{0};
  const Server server([&](Connection& connection) {
    while (connection.ReadRequest()) {
      if (++posts > 1) return;
      connection.Send(Problem(429, "queue-full", "Retry-After: 1\r\n"));
    }
  });
  options_.idempotency_key = "";
  EXPECT_EQ(Submit(server), ExitCode::kBroken);
  EXPECT_EQ(posts, 2);
}

TEST_F(SubmitJobTest, TakesTheResultOfAServiceThatIgnoresRespondAsync) {
  const Server server(
      Answering([&](const Request&) { return AnswerText(200, Mixed("p.png", "PNG"), kMixed); }));
  for (const SubmitMode mode : {SubmitMode::kFollow, SubmitMode::kWait, SubmitMode::kAsync}) {
    options_.mode = mode;
    options_.force = true;
    EXPECT_EQ(Submit(server), ExitCode::kDone) << Errors();
    EXPECT_EQ(Text(Out() / "p.png"), "PNG");
  }
  EXPECT_THAT(Printed(), HasSubstr("01abc\n")) << "what --async promises";
}

TEST_F(SubmitJobTest, TakesAPartAsItselfAndNoPartAtAll) {
  const Server part(Answering([&](const Request&) {
    return AnswerText(200, "hello",
                      "Content-Type: text/plain\r\n"
                      "Content-Disposition: inline; filename=\"t.txt\"\r\n");
  }));
  EXPECT_EQ(Submit(part), ExitCode::kDone) << Errors();
  EXPECT_EQ(Text(Out() / "t.txt"), "hello");
  const Server none(Answering([&](const Request&) { return AnswerText(204); }));
  EXPECT_EQ(Submit(none), ExitCode::kDone) << Errors();
  EXPECT_THAT(Errors(), HasSubstr("it has no result"));
  EXPECT_THAT(Files(), ElementsAre("t.txt"));
}

TEST_F(SubmitJobTest, NothingIsLeftOfAnAnswerThatEndsEarly) {
  options_.mode = SubmitMode::kWait;
  options_.idempotency_key = "";
  const std::string body = Mixed("a.png", "PNG") + Mixed("b.png", "half");
  const Server cut(Once([&](const Request&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n") + kMixed +
           "\r\n--b\r\n\r\nhal";
  }));
  EXPECT_EQ(Submit(cut), ExitCode::kBroken);
  const Server whole(
      Answering([&](const Request&) { return AnswerText(200, "--b\r\n\r\nhalf", kMixed); }));
  EXPECT_EQ(Submit(whole), ExitCode::kBroken);
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(Printed(), IsEmpty());
}

TEST_F(SubmitJobTest, AHostileNameStaysInTheFolder) {
  const Server server(Answering(
      [&](const Request&) { return AnswerText(200, Mixed("../../\x1b[2Jevil", "x"), kMixed); }));
  EXPECT_EQ(Submit(server), ExitCode::kDone) << Errors();
  EXPECT_THAT(Files(), ElementsAre("___..__[2Jevil"));
  EXPECT_THAT(Printed() + Errors(), Not(HasSubstr("\x1b")));
}

TEST_F(SubmitJobTest, AFailedJobIs1AndItsStatusIsTheJson) {
  const std::string failed =
      Status("failed", R"(,"error":{"type":"/problems/x","status":422,"detail":"no PDF"})");
  const Server server(Once([&](const Request& request) {
    return request.method == "POST" ? Json(202, Status("waiting"))
                                    : EventsHead() + Event("1-2-0", failed);
  }));
  EXPECT_EQ(Submit(server), ExitCode::kJobFailed);
  EXPECT_THAT(Errors(), HasSubstr("the job failed: no PDF (/problems/x, HTTP 422)"));
  EXPECT_THAT(Printed(), IsEmpty());
  json_ = true;
  EXPECT_EQ(Submit(server), ExitCode::kJobFailed);
  EXPECT_EQ(Printed(), failed + "\n");
}

TEST_F(SubmitJobTest, AsyncPrintsTheIdAndAsksNoMore) {
  const Server server(Answering([&](const Request& request) { return Served(request); }));
  options_.mode = SubmitMode::kAsync;
  EXPECT_EQ(Submit(server), ExitCode::kDone);
  EXPECT_EQ(Printed(), "01abc\n");
  EXPECT_EQ(asked_.Lines().size(), 1U);
  EXPECT_EQ(asked_.At(0).Field("Request-Timeout"), "") << "the job may take longer";
}

TEST_F(SubmitJobTest, AnInterruptCancelsTheJob) {
  const Server server([&](Connection& connection) {
    while (const auto request = connection.ReadRequest()) {
      asked_.Add(*request);
      if (request->method == "POST") connection.Send(Json(202, Status("waiting")));
      if (request->method == "DELETE") connection.Send(Json(200, Status("cancelled")));
      if (!request->target.ends_with("/events")) continue;
      connection.Send(EventsHead() + Event("1-1-0", Status("running")));
      cancel_.Cancel(CancelReason::kShutdown);
    }
  });
  EXPECT_EQ(Submit(server), ExitCode::kInterrupted);
  EXPECT_EQ(asked_.Lines().back(), "DELETE /v1/jobs/01abc");
  EXPECT_THAT(Errors(), HasSubstr("job 01abc is cancelled"));
}

TEST_F(SubmitJobTest, AJobThatIsNotWaitedForAnyLongerIsCancelled) {
  const Server server([&](Connection& connection) {
    while (const auto request = connection.ReadRequest()) {
      asked_.Add(*request);
      if (request->method == "POST") connection.Send(Json(202, Status("running")));
      if (request->method == "DELETE") connection.Send(Json(200, Status("succeeded")));
    }
  });
  deadline_ = Deadline::After(std::chrono::seconds(1));
  EXPECT_EQ(Submit(server), ExitCode::kNotInTime);
  EXPECT_EQ(asked_.Lines().back(), "DELETE /v1/jobs/01abc");
  EXPECT_THAT(Errors(), HasSubstr("job 01abc had ended: succeeded"));
}

TEST_F(SubmitJobTest, AResultThatCannotBePutIsKeptByTheService) {
  std::ofstream(Out() / "a.png") << "mine";
  const Server server(Once([&](const Request& request) { return Served(request); }));
  EXPECT_EQ(Submit(server), ExitCode::kRefused);
  EXPECT_THAT(Errors(), AllOf(HasSubstr("--force"), HasSubstr("headrace result 01abc")));
  EXPECT_EQ(Text(Out() / "a.png"), "mine");
  for (const std::string& line : asked_.Lines()) EXPECT_THAT(line, Not(StartsWith("DELETE")));
}

TEST_F(SubmitJobTest, AResultThatCameAtOnceAndCannotBePutIsKeptByTheServiceIfItHadAKey) {
  std::ofstream(Out() / "p.png") << "mine";
  const Server server(
      Answering([&](const Request&) { return AnswerText(200, Mixed("p.png", "PNG"), kMixed); }));
  options_.mode = SubmitMode::kWait;
  options_.idempotency_key = "";
  EXPECT_EQ(Submit(server), ExitCode::kRefused);
  EXPECT_THAT(Errors(), AllOf(HasSubstr("--force"), Not(HasSubstr("headrace result"))));
  options_.idempotency_key = "auto";
  EXPECT_EQ(Submit(server), ExitCode::kRefused);
  EXPECT_THAT(Errors(), HasSubstr("headrace result 01abc fetches its result"));
  EXPECT_EQ(Text(Out() / "p.png"), "mine");
}

TEST_F(SubmitJobTest, SeveralFilesHaveFoldersAndTheWorstOfTheirEnds) {
  std::ofstream(dir_.path() / "one.pdf") << "1";
  std::ofstream(dir_.path() / "two.pdf") << "2";
  const Server server(Once([&](const Request& request) { return Served(request); }));
  const std::vector<std::string> files{dir_.path() / "one.pdf", dir_.path() / "no.pdf",
                                       dir_.path() / "two.pdf"};
  EXPECT_EQ(SubmitFiles(options_, files, 2, Context(server)), ExitCode::kRefused);
  EXPECT_THAT(Files(), ElementsAre("one", "two"));
  EXPECT_THAT(Errors(), HasSubstr("no.pdf: No such file"));
}

TEST_F(SubmitJobTest, MistakesAreToldBeforeAnythingIsSent) {
  const Server server(Answering([&](const Request& request) { return Served(request); }));
  const auto refused = [&](const SubmitOptions& options, std::vector<std::string> files = {"-"}) {
    return SubmitFiles(options, files, 1, Context(server)) == ExitCode::kRefused;
  };
  SubmitOptions bad = options_;
  bad.header_params = {{"a b", "x"}};
  EXPECT_TRUE(refused(bad));
  bad.header_params = {{"password", "x\r\nEvil: y"}};
  EXPECT_TRUE(refused(bad));
  bad = options_;
  bad.params = {{"x", "1"}};
  bad.header_params = {{"x", "1"}};
  EXPECT_TRUE(refused(bad));
  bad = options_;
  bad.idempotency_key = "mine";
  EXPECT_TRUE(refused(bad, {"a", "b"}));
  bad.idempotency_key = "a b";
  EXPECT_TRUE(refused(bad));
  bad = options_;
  bad.webhook_url = "ftp://x";
  EXPECT_TRUE(refused(bad));
  bad.webhook_url = "http://x";
  bad.mode = SubmitMode::kWait;
  EXPECT_TRUE(refused(bad));
  bad = options_;
  bad.queue = "";
  EXPECT_TRUE(refused(bad));
  bad = options_;
  bad.folder = "/proc/headrace";
  EXPECT_TRUE(refused(bad));
  EXPECT_TRUE(refused(options_, {"-", "-"}));
  EXPECT_THAT(asked_.Lines(), IsEmpty());
}

}  // namespace
}  // namespace headrace
