// What keys open, and to whom.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server_fixture.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kJobs = "/v1/queues/echo/jobs";

class AuthTest : public ServerFixture {
 protected:
  AuthTest() {
    const auto digest = [](std::string_view key) {
      Sha256 sha;
      sha.Add(key);
      return sha.Finish();
    };
    keys_ = std::make_unique<KeyRing>(std::vector<ApiKey>{{"nobody", digest(""), {}},
                                                          {"alice", digest("key of alice"), {}},
                                                          {"alice", digest("her second key"), {}},
                                                          {"bob", digest("key of bob"), {0, 3}}});
  }
  static std::string As(const std::string& key, const std::string& fields = "") {
    return "Authorization: Bearer " + key + "\r\n" + fields;
  }
  RawAnswer Ask(const std::string& request) {
    RawClient client = Connect();
    client.Send(request);
    return client.Read().value_or(RawAnswer{});
  }
  RawAnswer Get(const std::string& target, const std::string& fields = "") {
    return Ask(GetRequest(target, fields));
  }
  // The path of a kept job of the key's owner.
  std::string Accept(const std::string& key) {
    const RawAnswer answer = Ask(PostRequest(kJobs, "x", As(key, "Prefer: respond-async\r\n")));
    EXPECT_EQ(answer.status, 202) << answer.body;
    return answer.Field("location");
  }
};

TEST_F(AuthTest, EveryAddressOfTheApiNeedsAKey) {
  Serve();
  for (const char* const path : {"/v1/queues", "/v1/queues/echo", "/v1/jobs", "/v1/jobs/x",
                                 "/v1/jobs/x/result", "/v1/jobs/x/result/a", "/v1/jobs/x/events"}) {
    const RawAnswer none = Get(path);
    EXPECT_EQ(none.status, 401) << path;
    EXPECT_EQ(none.Field("www-authenticate"), "Bearer realm=\"headrace\"");
    EXPECT_THAT(none.body, HasSubstr("/problems/no-key"));
    const RawAnswer wrong = Get(path, As("another"));
    EXPECT_EQ(wrong.status, 401) << path;
    EXPECT_THAT(wrong.Field("www-authenticate"), HasSubstr("error=\"invalid_token\""));
    EXPECT_NE(Get(path, As("key of bob")).status, 401) << path;
  }
  for (const char* const path : {kJobs, "/put"}) {
    EXPECT_EQ(Ask(PostRequest(path, "x")).status, 401) << path;
    EXPECT_EQ(Ask(PostRequest(path, "x", As("her second key"))).status, 200) << path;
  }
  EXPECT_EQ(Ask("DELETE /v1/jobs/x HTTP/1.1\r\nHost: a\r\n\r\n").status, 401);
}

TEST_F(AuthTest, AKeyIsOneBearerTokenAndNothingElse) {
  Serve();
  const auto status = [&](const std::string& fields) { return Get("/v1/queues", fields).status; };
  EXPECT_EQ(status("Authorization: bearer   key of bob\r\n"), 200);
  for (const char* const value : {"key of bob", "Basic key of bob", "Bearer", "Bearer ",
                                  "Bearerkey of bob", "Bearer key of bobby", "Bearer key of bo"}) {
    EXPECT_EQ(status("Authorization: " + std::string(value) + "\r\n"), 401) << value;
  }
  EXPECT_EQ(status(As("key of bob") + As("key of bob")), 401) << "two of them";
  const RawAnswer basic = Get("/v1/queues", "Authorization: Basic a2V5IG9mIGJvYg==\r\n");
  EXPECT_EQ(basic.Field("www-authenticate"), "Bearer realm=\"headrace\"") << "RFC 6750, 3.1";
  EXPECT_THAT(basic.body, HasSubstr("/problems/no-key"));
}

TEST_F(AuthTest, ABodyIsNotReadWithoutAKey) {
  Serve();
  RawClient client = Connect();
  client.Send("POST " + std::string(kJobs) +
              " HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n");
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(ledger_.Used(), 0U);
}

TEST_F(AuthTest, ThePageTellsNothingWithoutAKey) {
  Serve();
  const RawAnswer page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("A key is needed"), Not(HasSubstr("echo"))));
  EXPECT_EQ(Get("/", "Accept: application/json\r\n").status, 401);
  EXPECT_EQ(Get("/", As("key of bob", "Accept: application/json\r\n")).status, 200);
  EXPECT_EQ(Ask("OPTIONS /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
}

TEST_F(AuthTest, AJobIsThereForItsTenantOnly) {
  Serve();
  CloseGate();
  const std::string job = Accept("key of alice");
  for (const char* const tail : {"", "/result", "/result/a", "/events"}) {
    const RawAnswer others = Get(job + tail, As("key of bob"));
    EXPECT_EQ(others.status, 404) << tail;
    EXPECT_THAT(others.body, HasSubstr("/problems/no-such-job"));
  }
  EXPECT_EQ(Get(job, As("key of bob", "Prefer: wait=1\r\n")).status, 404);
  EXPECT_EQ(Ask("DELETE " + job + " HTTP/1.1\r\nHost: a\r\n" + As("key of bob") + "\r\n").status,
            404);
  EXPECT_EQ(Get(job, As("her second key")).status, 200) << "keys of one tenant open the same";
  OpenGate();
  EXPECT_THAT(Get(job, As("key of alice", "Prefer: wait=10\r\n")).body,
              HasSubstr("\"state\":\"succeeded\""));
  EXPECT_EQ(Get(job + "/result", As("key of bob")).status, 404);
  EXPECT_EQ(Get(job + "/result", As("key of alice")).status, 200);
}

TEST_F(AuthTest, AKeyOfIdempotencyIsItsTenantsOwn) {
  Serve();
  const auto post = [&](const std::string& key) {
    return Ask(PostRequest(kJobs, "x", As(key, "Idempotency-Key: k\r\nPrefer: respond-async\r\n")))
        .Field("job-id");
  };
  const std::string first = post("key of alice");
  EXPECT_EQ(post("her second key"), first);
  EXPECT_NE(post("key of bob"), first);
}

TEST_F(AuthTest, AListHasTheCallersJobsNewestFirstInPages) {
  Serve();
  std::vector<std::string> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(Accept("key of alice"));
  std::ranges::sort(jobs);  // those of one millisecond come in any order
  Accept("key of bob");
  for (const auto& job : jobs) Get(job, As("key of alice", "Prefer: wait=10\r\n"));
  const RawAnswer first = Get("/v1/jobs?limit=2&queue=echo&state=succeeded", As("key of alice"));
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.body, AllOf(HasSubstr(jobs[2]), HasSubstr(jobs[1]), Not(HasSubstr(jobs[0]))));
  const std::string id = jobs[1].substr(jobs[1].rfind('/') + 1);
  const std::string next = "/v1/jobs?limit=2&queue=echo&state=succeeded&cursor=" + id;
  EXPECT_THAT(first.body, HasSubstr("\"next\":\"" + next + "\""));
  EXPECT_THAT(first.body, Not(HasSubstr("\"parts\"")));
  const RawAnswer second = Get(next, As("key of alice"));
  EXPECT_THAT(second.body,
              AllOf(HasSubstr(jobs[0]), Not(HasSubstr(jobs[1])), Not(HasSubstr("next"))));
  EXPECT_EQ(Get("/v1/jobs?state=failed", As("key of alice")).body, "{\"jobs\":[]}\n");
}

TEST_F(AuthTest, AListSaysWhatOfItsQueryIsWrong) {
  Serve();
  for (const auto& [query, status, type] : std::vector<std::tuple<std::string, int, std::string>>{
           {"limit=0", 400, "bad-query"},
           {"limit=101", 400, "bad-query"},
           {"limit=x", 400, "bad-query"},
           {"state=done", 400, "bad-query"},
           {"cursor=1", 400, "bad-query"},
           {"tenant=bob", 400, "bad-query"},
           {"queue=none", 404, "no-such-queue"}}) {
    const RawAnswer answer = Get("/v1/jobs?" + query, As("key of bob"));
    EXPECT_EQ(answer.status, status) << query;
    EXPECT_THAT(answer.body, HasSubstr("/problems/" + type)) << query;
  }
}

TEST_F(AuthTest, MoreJobsThanAKeyLetsInAre429) {
  Serve();
  for (int i = 0; i < 3; ++i) Accept("key of bob");
  const RawAnswer refused = Ask(PostRequest(kJobs, "x", As("key of bob")));
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("/problems/quota-rate"));
  EXPECT_EQ(refused.Field("retry-after"), "20");
}

TEST_F(AuthTest, WithoutKeysNobodyMayListJobs) {
  keys_.reset();
  Serve();
  const RawAnswer refused = Get("/v1/jobs");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("/problems/jobs-not-listed"));
}

}  // namespace
}  // namespace headrace
