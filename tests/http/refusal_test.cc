// What the head of a request for work decides is answered before its body, in one order, whatever
// else is wrong with it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

constexpr const char* kEcho = "/v1/queues/echo/jobs";
constexpr const char* kPdf = "/v1/queues/pdf/jobs";

// The head of a request; its body never comes.
struct Ask {
  std::string method = "POST";
  std::string path = kPdf;
  std::vector<std::string> query;
  std::string fields;
  std::string type = "application/pdf";
  std::string timeout;
  std::string length = "Content-Length: 10\r\n";

  [[nodiscard]] std::string Text() const {
    return fmt::format("{} {}?{} HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\n{}{}{}\r\n", method,
                       path, fmt::join(query, "&"), type, timeout, length, fields);
  }
};

// One thing that can be wrong with it.
struct Fault {
  const char* type;  // of the problem that it is answered with
  int status;
  void (*apply)(Ask&);
};

// In the order in which they are judged.
const std::vector<Fault> kFaults{
    {"no-such-queue", 404, [](Ask& ask) { ask.path = "/v1/queues/none/jobs"; }},
    {"method-not-allowed", 405, [](Ask& ask) { ask.method = "PUT"; }},
    {"unsupported-media-type", 415, [](Ask& ask) { ask.type = "text/plain"; }},
    {"content-encoding", 415, [](Ask& ask) { ask.fields += "Content-Encoding: gzip\r\n"; }},
    {"malformed-form", 400, [](Ask& ask) { ask.type = "multipart/form-data"; }},
    {"malformed-query", 400, [](Ask& ask) { ask.query.emplace_back("a=%zz"); }},
    {"bad-parameter", 422,
     [](Ask& ask) {
       ask.fields += "Headrace-Param-Format: png\r\nHeadrace-Param-Format: png\r\n";
     }},
    {"empty-field", 400, [](Ask& ask) { ask.fields += "Idempotency-Key:\r\n"; }},
    {"bad-request-timeout", 400, [](Ask& ask) { ask.timeout = "Request-Timeout: 1s\r\n"; }},
    {"invalid-params", 422, [](Ask& ask) { ask.query.emplace_back("nonsense=1"); }},
    {"not-acceptable", 406, [](Ask& ask) { ask.fields += "Accept: text/css\r\n"; }},
    {"payload-too-large", 413, [](Ask& ask) { ask.length = "Content-Length: 999999999999\r\n"; }},
};

class RefusalTest : public ServerFixture {
 protected:
  // The answer to a request whose body does not come.
  RawAnswer Refused(const std::string& head) {
    RawClient client = Connect();
    client.Send(head);
    return client.Read().value_or(RawAnswer());
  }
  void ExpectProblem(const std::string& head, int status, const std::string& type) {
    const RawAnswer answer = Refused(head);
    EXPECT_EQ(answer.status, status) << head << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"/problems/" + type + "\"")) << head;
  }
  // As many jobs as the queue may hold or fewer; none ends before the gate opens.
  std::vector<RawClient> Occupy(const std::string& path, int jobs) {
    std::vector<RawClient> clients;
    for (int i = 0; i < jobs; ++i) {
      clients.push_back(Connect());
      clients.back().Send(PostRequest(path, "x", "Content-Type: application/pdf\r\n"));
    }
    return clients;
  }
};

TEST_F(RefusalTest, NamesTheFirstFaultOfAnyTwo) {
  Serve();
  for (auto first = kFaults.begin(); first != kFaults.end(); ++first) {
    for (auto second = first + 1; second != kFaults.end(); ++second) {
      Ask ask;
      second->apply(ask);
      first->apply(ask);
      SCOPED_TRACE(second->type);
      ExpectProblem(ask.Text(), first->status, first->type);
    }
  }
}

TEST_F(RefusalTest, NamesAFaultOfTheRequestRatherThanThatThereIsNoRoom) {
  HttpOptions options;
  options.max_jobs_per_client = 1;
  Serve(options);
  CloseGate();
  const auto taken = Occupy(kPdf, 1);
  ASSERT_TRUE(WaitForRunning(1, 1));
  const auto memory = ledger_.TryCharge(MemoryUse::kUploads, ledger_.budget() - ledger_.Used());
  ASSERT_TRUE(memory);
  for (const Fault& fault : kFaults) {
    Ask ask;
    fault.apply(ask);
    ExpectProblem(ask.Text(), fault.status, fault.type);
  }
  ExpectProblem(Ask().Text(), 429, "queue-full");
  OpenGate();
}

TEST_F(RefusalTest, TellsAnybodyWhoAsksRightlyThatTheServiceStops) {
  Serve();
  service_->StopAdmitting();
  for (const Fault& fault : kFaults) {
    Ask ask;
    fault.apply(ask);
    const bool no_such_place = fault.status == 404 || fault.status == 405;
    ExpectProblem(ask.Text(), no_such_place ? fault.status : 503,
                  no_such_place ? fault.type : "draining");
  }
}

TEST_F(RefusalTest, RefusesBeforeTheBodyADeadlineThatIsOutOfReach) {
  Serve();
  CloseGate();
  const auto taken = Occupy(kEcho, 6);  // two run, four wait: two seconds at two jobs a second
  ASSERT_TRUE(WaitForRunning(2));
  ASSERT_TRUE(WaitForWaiting(4));
  const RawAnswer refused = Refused(PostHead(kEcho, 10, "Request-Timeout: 1\r\n"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("deadline-out-of-reach"));
  EXPECT_NE(refused.Field("retry-after"), "");
  OpenGate();
}

TEST_F(RefusalTest, RefusesBeforeTheBodyAChunkedUploadWhenTheBudgetIsSpent) {
  Serve();
  Ask ask;
  ask.length = "Transfer-Encoding: chunked\r\n";
  const auto memory = ledger_.TryCharge(MemoryUse::kUploads, ledger_.budget());
  ASSERT_TRUE(memory);
  ExpectProblem(ask.Text(), 429, "memory-budget-spent");
}

TEST_F(RefusalTest, RefusesAFieldThatIsThereAndSaysNothing) {
  Serve();
  for (const char* field : {"Idempotency-Key: \r\n", "Request-Timeout:\r\n", "webhook-url:\r\n"}) {
    ExpectProblem(PostHead(kEcho, 10, field), 400, "empty-field");
  }
}

TEST_F(RefusalTest, RefusesAFieldThatMayBeReadInTwoWays) {
  Serve();
  for (const char* fields :
       {"Idempotency-Key: a\r\nidempotency-key: b\r\n",
        "Request-Timeout: 9\r\nRequest-Timeout: 9\r\n",
        "Webhook-Url: https://a.example\r\nWebhook-Url: https://b.example\r\n"}) {
    ExpectProblem(PostHead(kEcho, 10, fields), 400, "malformed-request");
  }
}

TEST_F(RefusalTest, RefusesACompressedBodyWhicheverFieldSaysSo) {
  Serve();
  for (const char* fields : {"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n",
                             "Content-Encoding: identity, br\r\n"}) {
    EXPECT_EQ(Refused(PostHead(kEcho, 10, fields)).status, 415) << fields;
  }
}

TEST_F(RefusalTest, JudgesTheTypeOfAFormsFileAsThatOfABody) {
  Serve();
  const auto form = [](const std::string& part_fields) {
    return PostRequest(kPdf,
                       "--b\r\nContent-Disposition: form-data; name=f; filename=a\r\n" +
                           part_fields + "\r\nthe file\r\n--b--\r\n",
                       "Content-Type: multipart/form-data; boundary=b\r\n");
  };
  ExpectProblem(form("Content-Type: text/plain\r\n"), 415, "unsupported-media-type");
  ExpectProblem(form("content-type: a/b\r\nContent-Type: application/pdf\r\n"), 400,
                "malformed-form");
  EXPECT_EQ(Refused(form("Content-Type: Application/PDF; a=b\r\n")).status, 200);
  EXPECT_EQ(Refused(form("")).status, 200);
}

TEST_F(RefusalTest, RefusesAFormPartWithoutAName) {
  Serve();
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nstray\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"say\"\r\n\r\nhi\r\n--b--\r\n";
  ExpectProblem(PostRequest(kEcho, form, "Content-Type: multipart/form-data; boundary=b\r\n"), 400,
                "malformed-form");
}

TEST_F(RefusalTest, EndsARequestWhoseBodyIsStillComingAtItsDeadlineWith408) {
  Serve();
  RawClient client = Connect();
  const auto begun = SteadyClock::now();
  client.Send(PostHead(kEcho, 1000, "Request-Timeout: 1\r\n") + "some of it");
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_THAT(answer->body, HasSubstr("\"/problems/upload-deadline\""));
  EXPECT_GE(SteadyClock::now() - begun, std::chrono::seconds(1));
  EXPECT_LT(SteadyClock::now() - begun, HttpOptions().body_timeout);  // not for its rate
  EXPECT_TRUE(client.AtEnd());
}

}  // namespace
}  // namespace headrace
