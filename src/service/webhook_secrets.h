#pragma once

#include <string>
#include <vector>

namespace headrace {

// The keys that webhooks are signed with, as their file has them.
struct WebhookSecrets {
  std::vector<std::string> keys;      // one signature with each; the first is the newest by custom
  std::vector<std::string> problems;  // "file:line: what"; with any of them the keys are of no use
  std::vector<std::string> warnings;  // the same form
};

// Reads a file of secrets (net/webhook_signature.h), one "whsec_..." a line, at most 64 KiB and 8
// secrets; empty lines and those that begin with # are passed over. Tells everything that is wrong
// at once, and repeats no secret. Warns if the file's group or others may read it.
WebhookSecrets LoadWebhookSecrets(const std::string& path);

}  // namespace headrace
