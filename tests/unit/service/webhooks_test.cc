// The schedule of webhooks, with the clock, the store and the receivers played by the test.
#include "service/webhooks.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "net/webhook_signature.h"
#include "unit/service/webhook_fixture.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(WebhooksTest, TellAJobsEndOnceAndForgetIt) {
  Deliver("j1");
  ASSERT_THAT(sent_, SizeIs(1));
  EXPECT_EQ(sent_[0].request.url, "https://a.example.com/hook");
  EXPECT_EQ(sent_[0].Field("webhook-id"), "msg_j1");
  EXPECT_EQ(sent_[0].Field("webhook-timestamp"), "1790000005");
  EXPECT_EQ(sent_[0].Field("Content-Type"), "application/json");
  EXPECT_EQ(TextMember(sent_[0].request.body, "type"), "job.succeeded");
  EXPECT_EQ(Hooks().Figures().in_flight, 1U);
  EXPECT_EQ(Hooks().Figures().pending, 1U);
  AnswerWith(204);
  EXPECT_EQ(stored_.at("j1"), std::nullopt);
  EXPECT_THAT(timers_, IsEmpty());
  const WebhookFigures figures = Hooks().Figures();
  EXPECT_EQ(figures.sent, 1U);
  EXPECT_EQ(figures.failed + figures.given_up + figures.pending + figures.in_flight, 0U);
}

TEST_F(WebhooksTest, SignEveryAttemptWithEveryKey) {
  options_.keys = {std::string(24, 'k'), std::string(32, 'l')};
  Deliver("j1");
  const std::string first = sent_[0].Field("webhook-signature");
  EXPECT_EQ(first, WebhookSignature(options_.keys, "msg_j1", 1790000005, sent_[0].request.body));
  AnswerWith(500);
  utc_ += seconds(5);
  ToNextTimer();
  EXPECT_EQ(sent_[0].Field("webhook-id"), "msg_j1");
  EXPECT_EQ(sent_[0].Field("webhook-timestamp"), "1790000010");
  EXPECT_NE(sent_[0].Field("webhook-signature"), first);
}

TEST_F(WebhooksTest, AreTriedAgainByTheScheduleAndThenGivenUp) {
  Deliver("j1");
  const std::string body = sent_[0].request.body;
  for (const seconds wait :
       std::vector<seconds>{seconds(5), seconds(30), minutes(2), minutes(10), minutes(30), hours(1),
                            hours(2), hours(4), hours(8)}) {
    AnswerWith(500);
    EXPECT_THAT(sent_, IsEmpty());
    EXPECT_EQ(ToNextTimer(), wait);
    ASSERT_THAT(sent_, SizeIs(1));
    EXPECT_EQ(sent_[0].request.body, body);
  }
  EXPECT_EQ(Hooks().Figures().given_up, 0U);
  AnswerWith(500);
  EXPECT_THAT(timers_, IsEmpty());
  EXPECT_EQ(stored_.at("j1"), std::nullopt);
  EXPECT_EQ(Hooks().Figures().failed, 10U);
  EXPECT_EQ(Hooks().Figures().given_up, 1U);
  EXPECT_EQ(Hooks().Figures().pending, 0U);
}

TEST_F(WebhooksTest, AreTriedAgainAfterAnythingButASuccess) {
  Deliver("j1");
  for (const int status : {199, 300, 302, 304, 400, 401, 404, 429, 503}) {
    AnswerWith(status);
    ASSERT_GT(ToNextTimer().count(), 0) << status;
  }
  AnswerWith(299);
  EXPECT_EQ(Hooks().Figures().sent, 1U);
}

TEST_F(WebhooksTest, AreTriedAgainWithoutAnAnswer) {
  Deliver("j1");
  EndWith(WebhookEnd::kFailed);
  EXPECT_EQ(ToNextTimer(), seconds(5));
  EndWith(WebhookEnd::kRefused);  // its name may point elsewhere later
  EXPECT_EQ(ToNextTimer(), seconds(30));
  EXPECT_THAT(sent_, SizeIs(1));
}

TEST_F(WebhooksTest, AreSpreadByJitter) {
  options_.jitter = 0.2;
  random_ = 0.5;
  options_.schedule = {seconds(100)};
  Deliver("j1");
  AnswerWith(500);
  EXPECT_EQ(ToNextTimer(), seconds(110));
}

TEST_F(WebhooksTest, ComeBackWhenTheReceiverSaysButNotEarlierAndNotAnyTime) {
  Deliver("j1");
  AnswerWith(503, seconds(20));
  EXPECT_EQ(ToNextTimer(), seconds(20));
  AnswerWith(429, seconds(20));
  EXPECT_EQ(ToNextTimer(), seconds(30));
  AnswerWith(503, hours(1000));
  EXPECT_EQ(ToNextTimer(), hours(1));
}

TEST_F(WebhooksTest, StopForGoodWhenTheReceiverIsGone) {
  Deliver("j1");
  AnswerWith(410, seconds(5));
  EXPECT_THAT(timers_, IsEmpty());
  EXPECT_EQ(stored_.at("j1"), std::nullopt);
  EXPECT_EQ(Hooks().Figures().given_up, 1U);
}

TEST_F(WebhooksTest, StopForGoodWhereTheGuardRefusesTheUrlsOwnAddress) {
  options_.policy.allow_private = true;
  Deliver("j1", "https://127.0.0.1/hook");
  EndWith(WebhookEnd::kRefused);
  EXPECT_THAT(timers_, IsEmpty());
  EXPECT_EQ(Hooks().Figures().given_up, 1U);
}

TEST_F(WebhooksTest, AreNotSentWhereThePolicyHasChanged) {
  Deliver("j1", "https://elsewhere.test/hook");
  Deliver("j2", "http://a.example.com/hook");
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(stored_.at("j1"), std::nullopt);
  EXPECT_EQ(Hooks().Figures().given_up, 2U);
}

TEST_F(WebhooksTest, AreGivenUpWithoutAUrlOrARecordOrAnEnd) {
  Deliver("j1", "");
  Hooks().Deliver("unknown");
  records_["j2"] = RecordOf("j2", "https://a.example.com/");
  records_["j2"].end.reset();
  Hooks().Deliver("j2");
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(Hooks().Figures().given_up, 3U);
  EXPECT_EQ(Hooks().Figures().pending, 0U);
}

TEST_F(WebhooksTest, AreNeverSentTwiceAtOnceForOneJob) {
  Deliver("j1");
  Deliver("j1");
  EXPECT_THAT(sent_, SizeIs(1));
  AnswerWith(500);
  Deliver("j1");
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_THAT(timers_, SizeIs(1));
}

TEST_F(WebhooksTest, WaitForAStoreThatDoesNotWorkWithoutCountingAnAttempt) {
  load_fails_ = true;
  Deliver("j1");
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(writes_, 0);
  EXPECT_EQ(ToNextTimer(), seconds(30));
  load_fails_ = false;
  EXPECT_EQ(ToNextTimer(), seconds(30));
  AnswerWith(500);
  EXPECT_EQ(ToNextTimer(), seconds(5));
}

TEST_F(WebhooksTest, WaitForABusyClientWithoutCountingAnAttempt) {
  Deliver("j1");
  EndWith(WebhookEnd::kBusy);
  EXPECT_EQ(Hooks().Figures().failed, 0U);
  EXPECT_EQ(ToNextTimer(), seconds(30));
  AnswerWith(500);
  EXPECT_EQ(ToNextTimer(), seconds(5));
}

// What a process that dies now would leave.
TEST_F(WebhooksTest, TellTheStoreBeforeAndAfterEachAttempt) {
  Deliver("j1");
  ASSERT_TRUE(stored_.at("j1").has_value());
  EXPECT_EQ(stored_["j1"]->attempts, 1U);
  EXPECT_EQ(stored_["j1"]->due, now_ + seconds(5));
  AnswerWith(503, seconds(60));
  EXPECT_EQ(stored_["j1"]->attempts, 1U);
  EXPECT_EQ(stored_["j1"]->due, now_ + seconds(60));
  ToNextTimer();
  EXPECT_EQ(stored_["j1"]->attempts, 2U);
  EXPECT_EQ(stored_["j1"]->due, now_ + seconds(30));
  EXPECT_EQ(writes_, 3);
}

TEST_F(WebhooksTest, GoOnAfterARestartWhereTheyWere) {
  for (const char* const id : {"due", "later", "last"}) {
    records_[id] = RecordOf(id, std::string("https://a.example.com/") + id);
  }
  left_ = {{"later", 2, now_ + minutes(1)}, {"due", 3, now_ - hours(1)}, {"last", 10, now_}};
  Hooks();
  EXPECT_EQ(Hooks().Figures().pending, 3U);
  EXPECT_THAT(Urls(), ElementsAre("https://a.example.com/due", "https://a.example.com/last"));
  EXPECT_EQ(sent_[0].Field("webhook-id"), "msg_due");
  AnswerWith(500);
  EXPECT_EQ(stored_["due"]->attempts, 4U);
  EXPECT_EQ(stored_["due"]->due, now_ + minutes(10));
  AnswerWith(500);  // its last attempt had begun, and was made again
  EXPECT_EQ(stored_["last"], std::nullopt);
  EXPECT_EQ(ToNextTimer(), minutes(1));
  EXPECT_THAT(Urls(), ElementsAre("https://a.example.com/later"));
}

TEST_F(WebhooksTest, AreDueAtOnceAfterARestartThatCutThem) {
  Deliver("j1");
  AnswerWith(500);
  ToNextTimer();
  EXPECT_EQ(stored_["j1"]->attempts, 2U);
  EndWith(WebhookEnd::kAborted);
  EXPECT_EQ(stored_["j1"]->attempts, 1U);
  EXPECT_EQ(stored_["j1"]->due, now_);
  EXPECT_EQ(Hooks().Figures().failed, 1U);
}

TEST_F(WebhooksTest, SayNothingMoreOnceTheyAreStopped) {
  Deliver("j1");
  AnswerWith(500);
  const int writes = writes_;
  Hooks().Stop();
  Hooks().Stop();
  Hooks().Deliver("j2");
  ToNextTimer();
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(writes_, writes);
  EXPECT_EQ(Hooks().Figures().pending, 1U);
}

TEST_F(WebhooksTest, HaveOnlySoManyOnTheirWay) {
  options_.concurrency = 3;
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    Deliver("j" + n, "https://h" + n + ".example.com/");
  }
  EXPECT_THAT(sent_, SizeIs(3));
  for (int i = 0; i < 10; ++i) {
    AnswerWith(200);
    EXPECT_LE(sent_.size(), 3U);
  }
  EXPECT_EQ(Hooks().Figures().sent, 10U);
}

TEST_F(WebhooksTest, OfAHostThatHangsDoNotHoldThoseOfOthersUp) {
  options_.concurrency = 8;
  options_.per_host = 2;
  for (int i = 0; i < 100; ++i) Deliver("h" + std::to_string(i), "https://hangs.example.com/");
  EXPECT_THAT(sent_, SizeIs(2));
  auto hanging = std::exchange(sent_, {});
  for (int i = 0; i < 5; ++i) {
    Deliver("g" + std::to_string(i), "https://good.example.com/");
    ASSERT_THAT(sent_, SizeIs(1));
    AnswerWith(200);
  }
  EXPECT_EQ(Hooks().Figures().sent, 5U);
  EXPECT_EQ(Hooks().Figures().pending, 100U);
  EXPECT_EQ(Hooks().Figures().in_flight, 2U);
  sent_ = std::move(hanging);
}

TEST_F(WebhooksTest, OfOneTenantDoNotHoldThoseOfOthersAtTheirHostUp) {
  options_.per_host = 1;
  const auto deliver = [&](const std::string& id, const std::string& tenant) {
    records_[id] = RecordOf(id, "https://a.example.com/");
    records_[id].job.tenant = tenant;
    Hooks().Deliver(id);
  };
  for (int i = 0; i < 100; ++i) deliver("m" + std::to_string(i), "many");
  deliver("f", "few");
  std::vector<std::string> order;
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(sent_, SizeIs(1));
    order.push_back(sent_[0].Field("webhook-id"));
    AnswerWith(500);
  }
  EXPECT_THAT(order, ElementsAre("msg_m0", "msg_m1", "msg_f"));
  for (int i = 0; i < 3; ++i) ToNextTimer();
  AnswerWith(200);
  AnswerWith(200);
  EXPECT_EQ(sent_.at(0).Field("webhook-id"), "msg_f") << "at its second attempt, too";
}

TEST_F(WebhooksTest, OfOneHostGoInTheirOrder) {
  options_.per_host = 1;
  for (const char* const id : {"a", "b", "c"}) {
    Deliver(id, std::string("https://a.example.com/") + id);
  }
  for (const char* const id : {"a", "b", "c"}) {
    ASSERT_THAT(sent_, SizeIs(1));
    EXPECT_EQ(sent_[0].Field("webhook-id"), std::string("msg_") + id);
    AnswerWith(200);
  }
}

TEST_F(WebhooksTest, LoadARecordWhenItIsTheirTurnAndItsBytesWhereTheyAreSmall) {
  options_.inline_max = 5;
  records_["big"] = RecordOf("big", "https://a.example.com/");
  records_["big"].end->outcome.parts = {PartOf("a", "123"), PartOf("b", "456")};
  Deliver("small");
  Deliver("big");
  EXPECT_THAT(loads_, ElementsAre("small", "small with bytes", "big"));
}

TEST_F(WebhooksTest, AreSentByWhomeverTheRecordComesTo) {
  load_hangs_ = true;
  Deliver("j1");
  Deliver("j2");
  while (!hanging_.empty()) {
    const auto call = std::move(hanging_.front());
    hanging_.pop_front();
    call();
  }
  EXPECT_THAT(sent_, SizeIs(2));
}

// Each begins the next one where the store answers within the call: in a loop, not in one another.
TEST_F(WebhooksTest, OfAStoreThatAnswersAtOnceAreNotStackedUp) {
  options_.per_host = 1;
  load_hangs_ = true;
  Deliver("first");
  load_hangs_ = false;
  for (int i = 0; i < 10'000; ++i) Deliver("j" + std::to_string(i));
  EXPECT_THAT(loads_, SizeIs(1));
  std::exchange(hanging_, {}).front()();
  EXPECT_THAT(sent_, SizeIs(1));
  EXPECT_THAT(loads_, SizeIs(10'002));
}

TEST_F(WebhooksTest, SayOfAJobWhatTheyAreTold) {
  Deliver("j1");
  EXPECT_THAT(sent_[0].request.body,
              testing::HasSubstr(R"("data":{"job_id":"j1","state":"succeeded","result":)"));
}

TEST_F(WebhooksTest, SignWithTheKeysOfTheLastReload) {
  options_.keys = {std::string(24, 'k')};
  Deliver("j1");
  const std::vector<std::string> fresh{std::string(32, 'l')};
  Hooks().SetKeys(fresh);
  AnswerWith(500);
  ToNextTimer();
  const auto timestamp = std::stoll(sent_[0].Field("webhook-timestamp"));
  EXPECT_EQ(sent_[0].Field("webhook-signature"),
            WebhookSignature(fresh, "msg_j1", timestamp, sent_[0].request.body));
}

}  // namespace
}  // namespace headrace
