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

void TakeLine(const std::string& path, const LineFile::Line& line, WebhookSecrets& secrets) {
  const auto wrong = [&](const std::string& what) {
    secrets.problems.push_back(fmt::format("{}:{}: the secret {}", path, line.number, what));
  };
  auto key = ParseWebhookSecret(line.text);
  if (!key) {
    wrong(key.error().hint);
  } else if (std::ranges::find(secrets.keys, *key) != secrets.keys.end()) {
    wrong("stands in the file twice");
  } else {
    secrets.keys.push_back(*std::move(key));
  }
}

}  // namespace

WebhookSecrets LoadWebhookSecrets(const std::string& path) {
  WebhookSecrets secrets;
  const auto file = ReadLines(path, kMostBytes);
  if (!file) {
    secrets.problems.push_back(path + ": " + file.error().hint);
    return secrets;
  }
  if (file->OthersMayRead()) {
    secrets.warnings.push_back(fmt::format(
        "{}: others may read it (mode {:04o}); chmod 600 keeps the secrets to the service's user",
        path, file->mode));
  }
  for (const LineFile::Line& line : file->lines) TakeLine(path, line, secrets);
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
