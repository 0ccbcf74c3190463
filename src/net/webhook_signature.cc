#include "net/webhook_signature.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "base/base64.h"
#include "net/sha256.h"

namespace headrace {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kShortest = 24;  // bytes
constexpr std::size_t kLongest = 64;

Error Bad(std::string what) {
  return {ErrorCode::kInvalidArgument, "bad-secret", std::move(what), "", 0};
}

}  // namespace

Expected<std::string> ParseWebhookSecret(std::string_view text) {
  if (!text.starts_with(kPrefix)) return Bad("does not begin with whsec_");
  std::string digits(text.substr(kPrefix.size()));
  while (digits.size() % 4 != 0) digits.push_back('=');  // many leave the padding out
  auto key = DecodeBase64(digits);
  if (!key) return Bad("has no base64 behind whsec_");
  if (key->size() < kShortest || key->size() > kLongest) {
    return Bad(fmt::format("is a key of {} bytes; 24 to 64 are allowed", key->size()));
  }
  return *std::move(key);
}

std::string WebhookSignature(std::span<const std::string> keys, std::string_view id,
                             std::int64_t timestamp, std::string_view body) {
  const std::string content = fmt::format("{}.{}.{}", id, timestamp, body);
  std::string signatures;
  for (const std::string& key : keys) {
    const Sha256Digest digest = HmacSha256(key, content);
    signatures += signatures.empty() ? "v1," : " v1,";
    AppendBase64(signatures, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  }
  return signatures;
}

std::vector<std::string> WebhookFields(std::span<const std::string> keys, std::string_view id,
                                       std::int64_t timestamp, std::string_view body) {
  std::vector<std::string> fields{fmt::format("webhook-id: {}", id),
                                  fmt::format("webhook-timestamp: {}", timestamp)};
  if (!keys.empty()) {
    fields.push_back("webhook-signature: " + WebhookSignature(keys, id, timestamp, body));
  }
  return fields;
}

}  // namespace headrace
