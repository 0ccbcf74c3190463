// The keys that open the API: their file, and what they let in.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/job_id.h"
#include "net/sha256.h"
#include "service/key_file.h"
#include "service/key_ring.h"
#include "service_fixture.h"
#include "support/folder.h"

namespace headrace {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// printf %s KEY | sha256sum
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kDef = "CB8379AC2098AA165029E3938A51DA0BCECFC008FD6795F401178647F96C5B34";

class KeyFileTest : public testing::Test {
 protected:
  KeyFile Load(const std::string& text, ::mode_t mode = 0600) {
    std::ofstream(file_) << text;
    EXPECT_EQ(::chmod(file_.c_str(), mode), 0);
    return LoadKeyFile(file_);
  }
  Folder folder_;
  const std::string file_ = folder_.path().string() + "/keys";
};

std::string Line(const std::string& tenant, const std::string& rest) {
  return tenant + " " + rest + "\n";
}

TEST_F(KeyFileTest, TellsOfTwentyMistakesAndHowManyMoreThereAre) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "no key\n";
  const KeyFile file = Load(text);
  ASSERT_EQ(file.problems.size(), 21U);
  EXPECT_THAT(file.problems.back(), HasSubstr(": 980 more lines are wrong"));
}

TEST_F(KeyFileTest, HasATenantADigestAndLimitsOnEachLine) {
  const auto file = Load("# ours\n\n" + Line("alice", std::string(kAbc) + " per_minute=60") + "\t" +
                         Line("bob.b_2-x", std::string("\t") + kDef + "  waiting=7"));
  EXPECT_THAT(file.problems, IsEmpty());
  EXPECT_THAT(file.warnings, IsEmpty());
  ASSERT_EQ(file.keys.size(), 2U);
  EXPECT_EQ(file.keys[0].tenant, "alice");
  EXPECT_EQ(file.keys[0].limits.per_minute, 60U);
  EXPECT_EQ(file.keys[0].limits.waiting, 0U);
  EXPECT_EQ(file.keys[1].tenant, "bob.b_2-x");
  EXPECT_EQ(file.keys[1].limits.waiting, 7U);
  const KeyRing ring(file.keys);
  ASSERT_NE(ring.Find("abc"), nullptr);
  EXPECT_EQ(ring.Find("abc")->tenant(), "alice");
  EXPECT_EQ(ring.Find("def")->tenant(), "bob.b_2-x");
  for (const char* const other : {"", "ab", "abcd", kAbc}) EXPECT_EQ(ring.Find(other), nullptr);
}

Sha256Digest DigestOf(const std::string& key) {
  Sha256 sha;
  sha.Add(key);
  return sha.Finish();
}

TEST(KeyRing, LetsNewKeysInAndShutsOthersOutAtOnce) {
  KeyRing ring({{"alice", DigestOf("abc"), {}}, {"bob", DigestOf("def"), {7, 0}}});
  const auto former = ring.Find("abc");
  auto next = ring.Prepare({{"bob", DigestOf("def"), {7, 0}}, {"carol", DigestOf("ghi"), {}}});
  EXPECT_NE(ring.Find("abc"), nullptr) << "it is only prepared";
  EXPECT_EQ(ring.Find("ghi"), nullptr);
  EXPECT_EQ(next.added, 1U);
  EXPECT_EQ(next.removed, 1U);
  EXPECT_EQ(next.changed, 0U);
  const auto bob = ring.Find("def");
  ring.Adopt(std::move(next));
  EXPECT_EQ(ring.Find("abc"), nullptr);
  EXPECT_EQ(ring.Find("ghi")->tenant(), "carol");
  EXPECT_EQ(ring.Find("def"), bob) << "nothing of it has changed";
  EXPECT_EQ(former->tenant(), "alice") << "to the end of its request";
}

TEST(KeyRing, KeepsWhatIsLeftOfAKeysRate) {
  KeyRing ring({{"alice", DigestOf("abc"), {0, 2}}, {"bob", DigestOf("def"), {}}});
  const SteadyTime now = SteadyClock::now();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ring.Find("abc")->TakeJob(now), std::nullopt);
  const std::vector<ApiKey> same{{"alice", DigestOf("abc"), {0, 2}}, {"bob", DigestOf("def"), {}}};
  EXPECT_TRUE(ring.Prepare(same).Same());
  ring.Adopt(ring.Prepare(same));
  EXPECT_NE(ring.Find("abc")->TakeJob(now), std::nullopt);
  auto next = ring.Prepare({{"alice", DigestOf("abc"), {0, 60}}, {"bob", DigestOf("def"), {0, 1}}});
  EXPECT_EQ(next.changed, 2U);
  ring.Adopt(std::move(next));
  EXPECT_EQ(ring.Find("abc")->per_minute(), 60U);
  EXPECT_NE(ring.Find("abc")->TakeJob(now), std::nullopt) << "a reload is no new minute";
  EXPECT_EQ(ring.Find("abc")->TakeJob(now + seconds(1)), std::nullopt);
  EXPECT_EQ(ring.Find("def")->TakeJob(now), std::nullopt) << "it had no rate before";
}

TEST_F(KeyFileTest, TellsAllThatIsWrongWithIt) {
  const auto file = Load(
      Line("alice", kAbc) + Line("bob", kAbc) + "carol\n" + Line("da/ve", kDef) +
      Line("erin", "secret") + Line("f", std::string(kDef) + " waiting=0") +
      Line("g", std::string(kDef) + " per_minute=x") + Line("h", std::string(kDef) + " weight=1") +
      Line("h", std::string(kDef) + " waiting=1 waiting=2") +
      Line("i", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_THAT(
      file.problems,
      ElementsAre(file_ + ":2: the key stands in the file twice",
                  file_ + ":3: a line is TENANT SHA256 [waiting=N] [per_minute=N]",
                  HasSubstr(":4: the tenant is not 1 to 64 letters"),
                  HasSubstr(":5: the key's digest is not 64 hexadecimal digits; printf"),
                  HasSubstr(":6: waiting=0 is not a whole number of 1 to 1000000"),
                  HasSubstr(":7: per_minute=x is not"), HasSubstr(":8: 'weight=1' is unknown"),
                  HasSubstr(":9: waiting is given twice"),
                  HasSubstr(":10: that is the digest of an empty key")));
}

TEST_F(KeyFileTest, MustBeThereWithAKeyAndNotForOthersToWrite) {
  EXPECT_THAT(LoadKeyFile(file_).problems, ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(Load("# none\n").problems, ElementsAre(HasSubstr("has no key; a line is TENANT")));
  EXPECT_THAT(Load(Line("a", kAbc), 0644).warnings, IsEmpty());
  EXPECT_THAT(Load(Line("a", kAbc), 0664).warnings, ElementsAre(HasSubstr("others may write it")));
}

TEST(CallerTest, LetsInSoManyJobsAMinute) {
  Caller caller("a", {0, 6});
  const SteadyTime start = SteadyClock::now();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(caller.TakeJob(start), std::nullopt);
  EXPECT_EQ(caller.UntilNextJob(start), 10);
  EXPECT_EQ(caller.TakeJob(start), 10);
  EXPECT_EQ(caller.TakeJob(start + seconds(7)), 3);
  EXPECT_EQ(caller.TakeJob(start + seconds(10)), std::nullopt);
  EXPECT_EQ(caller.TakeJob(start + seconds(10)), 10);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(caller.TakeJob(start + seconds(3600)), std::nullopt);
  EXPECT_NE(caller.TakeJob(start + seconds(3600)), std::nullopt) << "it saves one minute only";
}

TEST(CallerTest, LetsInAnyNumberWithoutALimit) {
  Caller caller("a", {});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(caller.TakeJob(SteadyTime()), std::nullopt);
}

class QuotaTest : public AdmissionFixture {
 protected:
  QuotaTest() {
    queue_.options = {"queue", 1, 10};
    Build();
  }
  Expected<std::string> SubmitAs(Caller* caller, int urgency = kUsualUrgency,
                                 const std::string& key = "") {
    Submission submission;
    submission.caller = caller;
    if (!key.empty()) submission.idempotency = IdempotencyKey{key, {}};
    submission.urgency = urgency;
    submission.wait = std::chrono::milliseconds(0);
    return Send(std::move(submission), std::make_shared<FakeWaiter>());
  }
  Status PrecheckAs(Caller* caller, std::string_view key = "") {
    Intake intake;
    intake.idempotency_key = key;
    intake.content_length = 0;
    intake.more_params = false;
    intake.caller = caller;
    return service_->Precheck(0, intake);
  }
  Caller alice_{"alice", {1, 0}};
  Caller bob_{"bob", {0, 2}};
};

TEST_F(QuotaTest, KeepsOneTenantFromWaitingMoreThanItMay) {
  ASSERT_TRUE(SubmitAs(&alice_));
  const auto refused = SubmitAs(&alice_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, "quota-waiting");
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(refused.error().retry_after, 10) << "about the run of a job";
  EXPECT_EQ(PrecheckAs(&alice_).error().type, "quota-waiting");
  EXPECT_TRUE(SubmitAs(&bob_)) << "others are not kept out";
  EXPECT_TRUE(Counted("quota", 2));
  Claim();
  EXPECT_TRUE(PrecheckAs(&alice_)) << "hers runs";
  EXPECT_TRUE(SubmitAs(&alice_));
}

TEST_F(QuotaTest, LetsInSoManyJobsAMinuteAndCountsNoneThatIsRefusedOtherwise) {
  queue_.options = {"queue", 1, 0};
  Build();
  ASSERT_TRUE(SubmitAs(&alice_));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(PrecheckAs(&bob_).error().type, "queue-full");
  const JobPtr job = Claim();
  Finish(*job, Success());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(PrecheckAs(&bob_));
    ASSERT_TRUE(SubmitAs(&bob_));
    Finish(*Claim(), Success());
  }
  const Status refused = PrecheckAs(&bob_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, "quota-rate");
  EXPECT_EQ(refused.error().retry_after, 30);
  EXPECT_EQ(SubmitAs(&bob_).error().type, "quota-rate") << "whose body came meanwhile";
}

TEST_F(QuotaTest, LetsInNoOtherJobForAKeyThatWasHeldWhenItsBodyBegan) {
  const auto first = SubmitAs(&bob_, kUsualUrgency, "key");
  ASSERT_TRUE(first);
  ASSERT_TRUE(SubmitAs(&bob_));
  EXPECT_TRUE(PrecheckAs(&bob_, "key")) << "it is that job";
  EXPECT_EQ(*SubmitAs(&bob_, kUsualUrgency, "key"), *first);
  service_->Cancel({*first, "bob"}, [](const Expected<JobStatus>&) {});
  EXPECT_EQ(SubmitAs(&bob_, kUsualUrgency, "key").error().type, "quota-rate");
}

TEST_F(QuotaTest, UrgencyCountsAmongTheJobsOfOneTenant) {
  Caller carol("carol", {});
  ASSERT_TRUE(SubmitAs(&carol, 5));
  const auto urgent = SubmitAs(&carol, 1);
  const auto others = SubmitAs(&bob_, 7);
  EXPECT_EQ(Claim()->id, *others) << "whose turn it is by name and number, whatever they say";
  EXPECT_EQ(Claim()->id, *urgent);
}

TEST_F(QuotaTest, AnswersForAnothersJobAsIfItHadNeverBeen) {
  queue_.options.result_ttl = std::chrono::milliseconds(0);
  Build();
  const auto id = SubmitAs(&alice_);
  while (UtcNow() == TimeOfJobId(*id)) std::this_thread::yield();
  const auto code = [&](const std::string& job, const std::string& tenant) {
    std::optional<ErrorCode> told;
    service_->GetStatus({job, tenant}, PartBytes::None(), [&](const Expected<JobStatus>& status) {
      if (!status) told = status.error().code;
    });
    return told;
  };
  std::string never = *id;
  never[20] = never[20] == '0' ? '1' : '0';
  EXPECT_EQ(code(*id, "alice"), std::nullopt);
  EXPECT_EQ(code(*id, "bob"), code(never, "bob"));
}

TEST_F(QuotaTest, ShowsAJobToItsTenantOnly) {
  const auto id = SubmitAs(&alice_);
  const auto status = [&](const std::string& tenant) {
    ErrorCode code = ErrorCode::kInternal;
    std::string seen;
    service_->GetStatus({*id, tenant}, PartBytes::None(), [&](Expected<JobStatus> told) {
      told ? seen = told->record.job.tenant : std::string();
      if (!told) code = told.error().code;
    });
    return seen.empty() ? std::to_string(static_cast<int>(code)) : seen;
  };
  const std::string not_found = std::to_string(static_cast<int>(ErrorCode::kNotFound));
  EXPECT_EQ(status("alice"), "alice");
  EXPECT_EQ(status("bob"), not_found);
  EXPECT_EQ(status(""), not_found);
  std::size_t listed = 0;
  const auto list = [&](const std::string& tenant) {
    RecordFilter filter;
    filter.tenant = tenant;
    service_->List(filter, [&](auto jobs) { listed = jobs->jobs.size(); });
    return listed;
  };
  EXPECT_EQ(list("alice"), 1U);
  EXPECT_EQ(list("bob"), 0U);
  std::optional<ErrorCode> refused;
  service_->Cancel({*id, "bob"}, [&](Expected<JobStatus> told) {
    if (!told) refused = told.error().code;
  });
  EXPECT_EQ(refused, ErrorCode::kNotFound);
  EXPECT_EQ(engine_->Figures(0).waiting, 1U);
}

}  // namespace
}  // namespace headrace
