#include "net/webhook_signature.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/base64.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// The vector that the libraries of the convention are tested with.
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTimestamp = 1614265330;
constexpr const char* kBody = R"({"test": 2432232314})";
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string SecretOf(std::size_t bytes) {
  std::string text = "whsec_";
  AppendBase64(text, std::string(bytes, 'k'));
  return text;
}

std::string Hint(const std::string& secret) {
  const auto key = ParseWebhookSecret(secret);
  return key ? "(good)" : key.error().hint;
}

TEST(WebhookSignature, IsThatOfTheConventionsLibraries) {
  const std::vector<std::string> keys{*ParseWebhookSecret(kSecret)};
  EXPECT_EQ(WebhookSignature(keys, kId, kTimestamp, kBody), kSignature);
}

TEST(WebhookSignature, IsMadeWithEveryKeySoThatKeysCanBeReplaced) {
  const std::vector<std::string> keys{*ParseWebhookSecret(SecretOf(32)),
                                      *ParseWebhookSecret(kSecret)};
  const std::string first = WebhookSignature({keys.data(), 1}, kId, kTimestamp, kBody);
  EXPECT_EQ(WebhookSignature(keys, kId, kTimestamp, kBody), first + " " + kSignature);
}

TEST(WebhookSignature, GoesInThreeFieldsAndInTwoWithoutKeys) {
  const std::vector<std::string> keys{*ParseWebhookSecret(kSecret)};
  EXPECT_THAT(
      WebhookFields(keys, kId, kTimestamp, kBody),
      ElementsAre("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp: 1614265330",
                  std::string("webhook-signature: ") + kSignature));
  EXPECT_THAT(
      WebhookFields({}, kId, kTimestamp, kBody),
      ElementsAre("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp: 1614265330"));
}

TEST(WebhookSecret, IsAKeyOf24To64BytesInBase64) {
  for (const std::size_t size : {24U, 25U, 32U, 64U}) {
    EXPECT_EQ(*ParseWebhookSecret(SecretOf(size)), std::string(size, 'k'));
  }
  const std::string padded = SecretOf(25);
  EXPECT_EQ(*ParseWebhookSecret(padded.substr(0, padded.find('='))), std::string(25, 'k'));
}

TEST(WebhookSecret, IsRefusedWithoutBeingRepeated) {
  EXPECT_EQ(Hint(SecretOf(23)), "is a key of 23 bytes; 24 to 64 are allowed");
  EXPECT_EQ(Hint(SecretOf(65)), "is a key of 65 bytes; 24 to 64 are allowed");
  EXPECT_EQ(Hint("whsec_"), "is a key of 0 bytes; 24 to 64 are allowed");
  for (const char* bad :
       {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZ"}) {
    EXPECT_EQ(Hint(bad), "does not begin with whsec_") << bad;
  }
  for (const char* bad : {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL!Sw", "whsec_A", "whsec_ MfKQ"}) {
    EXPECT_THAT(Hint(bad), HasSubstr("has no base64")) << bad;
    EXPECT_THAT(Hint(bad), Not(HasSubstr("MfKQ"))) << bad;
  }
}

}  // namespace
}  // namespace headrace
