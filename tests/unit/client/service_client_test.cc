// One request and its answer, as the client understands them.
#include "client/service_client.h"

#include <csignal>

#include "unit/client/client_fixture.h"
#include "unit/net/tls_server.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::Answering;
using testing_support::AnswerText;

using ServiceClientTest = ClientTest;

TEST_F(ServiceClientTest, SendsTheKeyAndTellsTheWantedFields) {
  AskedList asked;
  const Server server(Answering([&](const Request& request) {
    asked.Add(request);
    return AnswerText(200, "hello", "Content-Type: Text/Plain; charset=utf-8\r\nJob-Id: 01a\r\n");
  }));
  ServiceAddress address{server.Url("/prefix"), "0123456789abcdef", ""};
  ServiceClient client(address, cancel_, deadline_);
  const auto reply = client.Ask({"GET", "/v1/queues", {"Prefer: wait=1"}, {}, {"Job-Id", "X-No"}});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->media_type, "text/plain");
  EXPECT_EQ(reply->body, "hello");
  EXPECT_THAT(reply->wanted, testing::ElementsAre("01a", ""));
  EXPECT_EQ(asked.At(0).target, "/prefix/v1/queues");
  EXPECT_EQ(asked.At(0).Field("Authorization"), "Bearer 0123456789abcdef");
  EXPECT_EQ(asked.At(0).Field("Prefer"), "wait=1");
}

TEST_F(ServiceClientTest, AnAnswerWithoutEndIsNotKept) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    const std::string some(1'000'000, 'x');
    while (connection.Send(some)) {
    }
  });
  ServiceClient client({server.Url("")}, cancel_, deadline_);
  const auto reply = client.Ask({"GET", "/"});
  ASSERT_FALSE(reply.ok());
  EXPECT_THAT(reply.error().hint, HasSubstr("longer than 64 MiB"));
  EXPECT_FALSE(IsLoss(reply.error()));
}

TEST_F(ServiceClientTest, TellsLossFromTheEndOfItsTimeAndFromAnInterrupt) {
  const Server server([](Connection& connection) {
    connection.ReadRequest();
    connection.AwaitEnd();
  });
  ServiceClient late({server.Url("")}, cancel_, Deadline::After(std::chrono::milliseconds(20)));
  EXPECT_EQ(ExitCodeOf(late.Ask({"GET", "/"}).error().code), ExitCode::kNotInTime);
  const Server broken([](Connection& connection) { connection.ReadRequest(); });
  ServiceClient lost({broken.Url("")}, cancel_, deadline_);
  const auto reply = lost.Ask({"GET", "/"});
  ASSERT_FALSE(reply.ok());
  EXPECT_TRUE(IsLoss(reply.error()));
  EXPECT_EQ(ExitCodeOf(reply.error().code), ExitCode::kBroken);
  ServiceClient nobody({"http://127.0.0.1:1"}, cancel_, deadline_);
  EXPECT_THAT(nobody.Ask({"GET", "/"}).error().hint, HasSubstr("cannot reach http://127.0.0.1:1"));
  cancel_.Cancel(CancelReason::kShutdown);
  ServiceClient cut({server.Url("")}, cancel_, deadline_);
  EXPECT_EQ(ExitCodeOf(cut.Ask({"GET", "/"}).error().code), ExitCode::kInterrupted);
}

TEST_F(ServiceClientTest, AnAddressThatIsTooLongSaysWhatToDo) {
  ServiceClient client({"http://127.0.0.1:1"}, cancel_, deadline_);
  const auto reply = client.Ask({"GET", "/" + std::string(3'000, 'x')});
  ASSERT_FALSE(reply.ok());
  EXPECT_THAT(reply.error().hint, HasSubstr("--param-file"));
}

TEST_F(ServiceClientTest, AServiceThatIsNotTrustedIsNotAskedAgain) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's server writes to clients that have left
  const Identity identity("127.0.0.1");
  const Server server([&](Connection& connection) { ServeTls(identity, connection.fd()); });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  ServiceClient stranger({url}, cancel_, deadline_);
  const auto refused = stranger.Ask({"GET", "/"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint, HasSubstr("--ca-file"));
  EXPECT_EQ(ExitCodeOf(refused.error().code), ExitCode::kBroken);
  EXPECT_FALSE(IsLoss(refused.error()));
  const std::string file = dir_.path() / "ca.pem";
  identity.Write(file);
  ServiceClient friendly({url, "", file}, cancel_, deadline_);
  const auto reply = friendly.Ask({"GET", "/"});
  ASSERT_TRUE(reply.ok()) << reply.error().hint;
  EXPECT_EQ(reply->body, "secret");
}

TEST(ServiceAddress, IsAnHttpUrlWithoutAQuery) {
  EXPECT_EQ(CheckAddress({"http://a:1/x//", "", ""})->url, "http://a:1/x");
  for (const char* url : {"", "a:1", "ftp://a", "http://a?b", "http://u:p@a", "http://a/\x1b"}) {
    const auto address = CheckAddress({url, "", ""});
    ASSERT_FALSE(address.ok()) << url;
    EXPECT_EQ(ExitCodeOf(address.error().code), ExitCode::kRefused);
    EXPECT_THAT(address.error().hint, Not(HasSubstr("\x1b")));
  }
}

Reply Answer(int status, const std::string& body,
             const std::string& type = "application/problem+json") {
  Reply reply;
  reply.status = status;
  reply.media_type = type;
  reply.body = body;
  return reply;
}

TEST(Problem, ReadsAsASentenceWithItsTypeAndStatus) {
  const Error error = ProblemOf(Answer(
      422, R"({"type":"/problems/bad-parameter","title":"x","status":422,"detail":"dpi is bad"})"));
  EXPECT_EQ(error.hint, "dpi is bad (/problems/bad-parameter, HTTP 422)");
  EXPECT_EQ(ExitCodeOf(error.code), ExitCode::kRefused);
}

TEST(Problem, OfAMissingKeySaysHowToGiveIt) {
  EXPECT_THAT(ProblemOf(Answer(401, R"({"type":"/problems/no-key","detail":"d"})")).hint,
              HasSubstr("--key-file"));
}

TEST(Problem, HasTheExitCodeOfItsStatus) {
  const std::string refusal = R"({"type":"/problems/x","detail":"d"})";
  const std::string of_job = R"({"type":"/problems/x","detail":"d","job_id":"01a"})";
  EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(429, refusal)).code), ExitCode::kNotInTime);
  EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(503, of_job)).code), ExitCode::kNotInTime);
  EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(408, refusal)).code), ExitCode::kNotInTime);
  for (const int status : {400, 401, 403, 404, 413, 415, 422}) {
    EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(status, refusal)).code), ExitCode::kRefused) << status;
  }
  for (const int status : {409, 422, 500, 502, 504}) {
    EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(status, of_job)).code), ExitCode::kJobFailed) << status;
  }
  EXPECT_EQ(ExitCodeOf(ProblemOf(Answer(502, "<html>", "text/html")).code), ExitCode::kBroken);
}

TEST(Problem, OfAStrangerIsPrintableAndShort) {
  const Error error = ProblemOf(Answer(
      400, R"({"type":"\u001b]0;t","detail":"\u001b[2J)" + std::string(100'000, 'x') + R"("})"));
  EXPECT_THAT(error.hint, Not(HasSubstr("\x1b")));
  EXPECT_LT(error.hint.size(), 10'000U);
  EXPECT_EQ(ProblemOf(Answer(502, "<html>\x1b", "text/html")).hint,
            "the service's answer has no explanation (HTTP 502)");
}

}  // namespace
}  // namespace headrace
