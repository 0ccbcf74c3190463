#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// Signatures of webhooks as the Standard Webhooks convention has them
// (https://www.standardwebhooks.com, version 1, symmetric).

// The key in a secret "whsec_<base64>": 24 to 64 bytes. The error's hint says what is wrong and
// never repeats the text. Thread-safe.
Expected<std::string> ParseWebhookSecret(std::string_view text);

// The value of webhook-signature: for each key "v1," and the base64 of HMAC-SHA-256 over
// "id.timestamp.body", separated by blanks, so that a receiver which knows any one of them accepts
// it (rotation). `timestamp` in seconds of Unix time. Thread-safe.
std::string WebhookSignature(std::span<const std::string> keys, std::string_view id,
                             std::int64_t timestamp, std::string_view body);

// The three header fields, as "Name: value"; without keys there is no signature.
std::vector<std::string> WebhookFields(std::span<const std::string> keys, std::string_view id,
                                       std::int64_t timestamp, std::string_view body);

}  // namespace headrace
