#include "service/webhook_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/line_file.h"
#include "net/webhook_signature.h"

namespace headrace {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 10U;
constexpr std::size_t kMostSecrets = 8;  // each costs a signature in every request

void TakeLine(const LineFile::Line& line, WebhookSecrets& secrets) {
  auto key = ParseWebhookSecret(line.text);
  if (!key) {
    secrets.problems.push_back(fmt::format("{}: the secret {}", line.place, key.error().hint));
  } else if (std::ranges::find(secrets.keys, *key) != secrets.keys.end()) {
    secrets.problems.push_back(line.place + ": the secret stands in the file twice");
  } else {
    secrets.keys.push_back(*std::move(key));
  }
}

}  // namespace

WebhookSecrets LoadWebhookSecrets(const std::string& path) {
  WebhookSecrets secrets;
  const LineFile file = ReadLines(path, kMostBytes);
  if (file.OthersMayRead()) {
    secrets.warnings.push_back(fmt::format(
        "{}: others may read it (mode {:04o}); chmod 600 keeps the secrets to the service's user",
        path, file.mode));
  }
  if (!file.problem.empty()) {
    secrets.problems.push_back(file.problem);
    return secrets;
  }
  for (const LineFile::Line& line : file.lines) TakeLine(line, secrets);
  if (secrets.keys.empty() && secrets.problems.empty()) {
    secrets.problems.push_back(
        path + ": has no secret; write one line: whsec_ and the base64 of 24 to 64 random bytes");
  }
  if (secrets.keys.size() > kMostSecrets) {
    secrets.problems.push_back(fmt::format("{}: has {} secrets; at most {} are allowed", path,
                                           secrets.keys.size(), kMostSecrets));
  }
  return secrets;
}

}  // namespace headrace
