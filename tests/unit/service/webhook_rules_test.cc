// Whom webhooks may call, with what they are signed and what they say.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "service/fair_lines.h"
#include "service/webhook_event.h"
#include "service/webhook_secrets.h"
#include "service/webhook_url.h"
#include "unit/service/webhook_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string Hint(const std::string& url, const WebhookPolicy& policy) {
  const Status checked = CheckWebhookUrl(url, policy);
  if (checked) return "(good)";
  EXPECT_EQ(checked.error().code, ErrorCode::kUnprocessable) << url;
  EXPECT_EQ(checked.error().type, "webhook-url") << url;
  return checked.error().hint;
}

const WebhookPolicy& Listed() {
  static const WebhookPolicy& policy = *new WebhookPolicy{
      {"Hooks.Example.com", "*.wild.example", "8.8.8.8", "[2606:4700::1111]", "10.0.0.1"},
      false,
      false};
  return policy;
}

TEST(WebhookUrl, IsHttpsAtAListedHostAndAnyPort) {
  for (const char* const good :
       {"https://hooks.example.com/a?b=c", "https://HOOKS.example.COM:8443",
        "https://a.wild.example", "https://a.b.wild.example/", "https://8.8.8.8/",
        "https://[2606:4700:0::1111]/"}) {
    EXPECT_EQ(Hint(good, Listed()), "(good)") << good;
  }
}

TEST(WebhookUrl, IsNotAtAHostThatOnlyLooksLikeAListedOne) {
  for (const char* const bad :
       {"https://example.com/", "https://a.hooks.example.com/", "https://wild.example/",
        "https://awild.example/", "https://.wild.example/", "https://hooks.example.com.evil.test/",
        "https://hooks.example.com./", "https://1.1.1.1/", "https://[2606:4700::1112]/",
        "https://localhost/"}) {
    EXPECT_NE(Hint(bad, Listed()), "(good)") << bad;
  }
  EXPECT_THAT(Hint("https://example.com/", Listed()), HasSubstr("not allowed here"));
  EXPECT_THAT(Hint("https://hooks.example.com/", {}), HasSubstr("not allowed here"));
}

TEST(WebhookUrl, HasNoAddressByAWildcardHoweverItIsWritten) {
  EXPECT_THAT(Hint("https://%30x7f.0.0.1/", {{"*.0.0.1"}, true, false}),
              HasSubstr("neither a name"));
  const WebhookPolicy policy{{"*.0.0.1", "*.example"}, true, false};
  for (const char* const bad : {"https://127.0.0.1/", "https://127.1/", "https://0x7f.0.0.1/",
                                "https://2130706433/", "https://[::1]/"}) {
    EXPECT_THAT(Hint(bad, policy), HasSubstr("not allowed here")) << bad;
  }
}

TEST(WebhookUrl, HasAPrivateAddressOnlyWhereTheyAreAllowed) {
  EXPECT_EQ(Hint("https://10.0.0.1/", Listed()),
            "the webhook's URL has an address that is not called from here (private)");
  WebhookPolicy policy = Listed();
  policy.allow_private = true;
  EXPECT_EQ(Hint("https://10.0.0.1/", policy), "(good)");
  EXPECT_EQ(Hint("https://0x0a000001/", policy), "(good)");
  policy.allow_hosts.emplace_back("169.254.169.254");
  EXPECT_THAT(Hint("https://169.254.169.254/", policy), HasSubstr("link-local"));
}

TEST(WebhookUrl, IsHttpOnlyWhereThatIsAllowed) {
  EXPECT_EQ(Hint("http://hooks.example.com/", Listed()),
            "the webhook's URL is http; only https is allowed here");
  WebhookPolicy policy = Listed();
  policy.allow_http = true;
  EXPECT_EQ(Hint("http://hooks.example.com/", policy), "(good)");
}

TEST(WebhookUrl, IsRefusedInASentenceThatDoesNotRepeatIt) {
  for (const std::string bad :
       {"", "tiger", "ftp://hooks.example.com/tiger", "https://tiger@hooks.example.com/",
        "https://hooks.example.com/#tiger", "https://hooks.example.com/ tiger",
        "https://hooks.example.com/\r\ntiger: 1"}) {
    EXPECT_THAT(Hint(bad, Listed()), testing::StartsWith("the webhook's URL ")) << bad;
    EXPECT_THAT(Hint(bad, Listed()), Not(HasSubstr("tiger"))) << bad;
  }
  const std::string start = "https://hooks.example.com/";
  EXPECT_EQ(Hint(start + std::string(2048 - start.size(), 'a'), Listed()), "(good)");
  EXPECT_THAT(Hint(start + std::string(2049 - start.size(), 'a'), Listed()), HasSubstr("2048"));
}

TEST(WebhookUrl, TellsWhetherItsHostIsAnAddress) {
  EXPECT_TRUE(CallsLiteralAddress("https://[::1]/"));
  EXPECT_TRUE(CallsLiteralAddress("https://127.1/"));
  EXPECT_FALSE(CallsLiteralAddress("https://localhost/"));
}

TEST(WebhookPolicy, ListsHostsAndNothingElse) {
  EXPECT_THAT(Validate(Listed()), IsEmpty());
  const WebhookPolicy bad{
      {"https://a.example", "a.example:443", "a.*.example", "*", "", ".example", "a b", "*.", "b."},
      false,
      false};
  const auto problems = Validate(bad);
  ASSERT_THAT(problems, SizeIs(9));
  EXPECT_EQ(problems[0], "allow_hosts: \"https://a.example\" is a URL; write its host alone");
  EXPECT_THAT(problems[1], HasSubstr("has a port"));
  EXPECT_THAT(problems[2], HasSubstr("not its first label"));
}

class WebhookSecretsTest : public testing::Test {
 protected:
  WebhookSecretsTest()
      : file_(std::filesystem::temp_directory_path() /
              ("headrace-secrets-" + std::to_string(getpid()))) {}
  ~WebhookSecretsTest() override { std::filesystem::remove_all(file_); }

  WebhookSecrets Load(const std::string& text, ::mode_t mode = 0600) {
    std::ofstream(file_) << text;
    EXPECT_EQ(::chmod(file_.c_str(), mode), 0);
    return LoadWebhookSecrets(file_);
  }
  static std::string SecretOf(char c, std::size_t size = 24) {
    std::string text = "whsec_";
    AppendBase64(text, std::string(size, c));
    return text;
  }

  const std::string file_;
};

TEST_F(WebhookSecretsTest, StandOneALineBetweenComments) {
  const auto secrets = Load("# new\n" + SecretOf('n', 32) + "\r\n\n  # old\n\t" + SecretOf('o'));
  EXPECT_THAT(secrets.keys, ElementsAre(std::string(32, 'n'), std::string(24, 'o')));
  EXPECT_THAT(secrets.problems, IsEmpty());
  EXPECT_THAT(secrets.warnings, IsEmpty());
}

TEST_F(WebhookSecretsTest, TellEveryBadLineAndRepeatNone) {
  const auto secrets =
      Load("tiger\n" + SecretOf('a') + "\n" + SecretOf('b', 23) + "\n" + SecretOf('a') + "\n");
  EXPECT_THAT(secrets.problems,
              ElementsAre(file_ + ":1: the secret does not begin with whsec_",
                          file_ + ":3: the secret is a key of 23 bytes; 24 to 64 are allowed",
                          file_ + ":4: the secret stands in the file twice"));
}

TEST_F(WebhookSecretsTest, WarnIfOthersMayReadThem) {
  for (const ::mode_t mode : {0640U, 0604U, 0644U}) {
    const auto secrets = Load(SecretOf('a'), mode);
    EXPECT_THAT(secrets.problems, IsEmpty());
    EXPECT_THAT(secrets.warnings, ElementsAre(HasSubstr("others may read it")));
  }
}

TEST_F(WebhookSecretsTest, MustBeThereAndBeAFileWithAFewSecrets) {
  EXPECT_THAT(LoadWebhookSecrets(file_ + "-none").problems, ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(LoadWebhookSecrets("/").problems, ElementsAre(HasSubstr("is no file")));
  EXPECT_THAT(Load("# nothing\n").problems, ElementsAre(HasSubstr("has no secret")));
  EXPECT_THAT(Load(std::string(70'000, '#')).problems,
              ElementsAre(HasSubstr("is larger than 64KiB")));
  std::string many;
  for (char c = 'a'; c < 'j'; ++c) many += SecretOf(c) + "\n";
  EXPECT_THAT(Load(many).problems, ElementsAre(HasSubstr("has 9 secrets; at most 8")));
}

TEST(WebhookEvent, SaysWhatBecameOfTheJobAndBringsASmallResult) {
  const JobRecord record = RecordOf("j1", "https://a.example/");
  EXPECT_EQ(WebhookBody(record, StatusOf(record), true),
            R"({"type":"job.succeeded","timestamp":"2026-09-21T14:13:22.000Z",)"
            R"("data":{"job_id":"j1","state":"succeeded",)"
            R"("result":{"parts":[{"name":"text.txt","media_type":"text/plain","size":5,)"
            R"("base64":"aGVsbG8="}]}}})");
}

TEST(WebhookEvent, NamesEachEnd) {
  JobRecord record = RecordOf("j1", "");
  for (const JobState state : {JobState::kFailed, JobState::kCancelled, JobState::kExpired}) {
    record.state = record.end->outcome.state = state;
    EXPECT_FALSE(IsInlined(record, 1000));
    const std::string body = WebhookBody(record, StatusOf(record), false);
    EXPECT_EQ(TextMember(body, "type"), std::string("job.") + ToString(state));
    EXPECT_THAT(body, Not(HasSubstr("result")));
  }
}

TEST(WebhookEvent, LeavesALargeOrDroppedResultWhereItIs) {
  JobRecord record = RecordOf("j1", "");
  record.end->outcome.parts = {PartOf("a", "12345"), PartOf("b", "12345")};
  EXPECT_TRUE(IsInlined(record, 10));
  EXPECT_FALSE(IsInlined(record, 9));
  record.end->outcome.parts[0].whole_size = UINT64_MAX;
  EXPECT_FALSE(IsInlined(record, 10));
  record.end->outcome.parts[0].whole_size = 5;
  record.result_dropped = true;
  EXPECT_FALSE(IsInlined(record, 10));
}

std::string Taken(FairLines& lines) {
  const auto next = lines.Take();
  return next ? next->host + next->id : "nobody";
}

TEST(FairLines, LetHostsTakeTurnsAndNoneHaveMoreThanItsShare) {
  FairLines lines(3, 2);
  for (const char* const id : {"1", "2", "3"}) lines.Add("a", "", id);
  lines.Add("b", "", "1");
  EXPECT_EQ(Taken(lines), "a1");
  EXPECT_EQ(Taken(lines), "b1");
  EXPECT_EQ(Taken(lines), "a2");
  EXPECT_EQ(Taken(lines), "nobody");  // three are active
  lines.Leave("b");
  EXPECT_EQ(Taken(lines), "nobody");  // a has its two
  lines.Leave("a");
  EXPECT_EQ(Taken(lines), "a3");
  EXPECT_EQ(Taken(lines), "nobody");
}

TEST(FairLines, LetTenantsTakeTurnsInTheLineOfAHost) {
  FairLines lines(4, 1);
  for (const char* const id : {"1", "2", "3"}) lines.Add("h", "many", id);
  lines.Add("h", "few", "4");
  std::string order;
  for (int i = 0; i < 2; ++i) {
    order += lines.Take()->id;
    lines.Leave("h");
  }
  lines.Add("h", "few", "5");
  for (auto next = lines.Take(); next; next = lines.Take()) {
    order += next->id;
    lines.Leave("h");
  }
  EXPECT_EQ(order, "14253");
}

TEST(FairLines, LetOneMoveToAHostThatHasRoomAndNobodyWaiting) {
  FairLines lines(4, 1);
  lines.Add("", "", "1");
  EXPECT_EQ(Taken(lines), "1");
  EXPECT_TRUE(lines.Move("", "a"));
  lines.Add("", "", "2");
  EXPECT_EQ(Taken(lines), "2");
  EXPECT_FALSE(lines.Move("", "a"));
  lines.Leave("");
  lines.Add("a", "", "2");
  EXPECT_EQ(Taken(lines), "nobody");
  lines.Leave("a");
  lines.Add("", "", "3");
  lines.Add("a", "", "4");
  EXPECT_EQ(Taken(lines), "a2");
  EXPECT_EQ(Taken(lines), "3");
  EXPECT_FALSE(lines.Move("", "a"));
}

}  // namespace
}  // namespace headrace
