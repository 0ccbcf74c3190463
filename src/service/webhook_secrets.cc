#include "service/webhook_secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "net/webhook_signature.h"

namespace headrace {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 10U;
constexpr std::size_t kMostSecrets = 8;  // each costs a signature in every request

// Nothing, with `error` set, if it cannot be read.
std::optional<std::string> ReadAll(int file, std::string& error) {
  std::string text;
  std::array<char, 4096> some{};
  while (text.size() <= kMostBytes) {
    const ssize_t got = read(file, some.data(), some.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      error = std::generic_category().message(errno);
      return std::nullopt;
    }
    text.append(some.data(), static_cast<std::size_t>(got));
  }
  error = fmt::format("is longer than {} bytes", kMostBytes);
  return std::nullopt;
}

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

void TakeLine(std::string_view line, const std::string& place, WebhookSecrets& secrets) {
  if (line.empty() || line.front() == '#') return;
  auto key = ParseWebhookSecret(line);
  if (!key) {
    secrets.problems.push_back(fmt::format("{}: the secret {}", place, key.error().hint));
  } else if (std::ranges::find(secrets.keys, *key) != secrets.keys.end()) {
    secrets.problems.push_back(place + ": the secret stands in the file twice");
  } else {
    secrets.keys.push_back(*std::move(key));
  }
}

}  // namespace

WebhookSecrets LoadWebhookSecrets(const std::string& path) {
  WebhookSecrets secrets;
  const auto problem = [&](const std::string& what) {
    secrets.problems.push_back(fmt::format("{}: {}", path, what));
  };
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) {
    problem("cannot be opened: " + std::generic_category().message(errno));
    return secrets;
  }
  if (!S_ISREG(about.st_mode)) {
    problem("is no file");
    return secrets;
  }
  if ((about.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    secrets.warnings.push_back(fmt::format(
        "{}: others may read it (mode {:04o}); chmod 600 keeps the secrets to the service's user",
        path, about.st_mode & 07777U));
  }
  std::string error;
  const auto text = ReadAll(file.get(), error);
  if (!text) {
    problem(error);
    return secrets;
  }
  std::string_view rest = *text;
  for (int line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    TakeLine(Trimmed(rest.substr(0, end)), fmt::format("{}:{}", path, line), secrets);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (secrets.keys.empty() && secrets.problems.empty()) {
    problem("has no secret; write one line: whsec_ and the base64 of 24 to 64 random bytes");
  }
  if (secrets.keys.size() > kMostSecrets) {
    problem(
        fmt::format("has {} secrets; at most {} are allowed", secrets.keys.size(), kMostSecrets));
  }
  return secrets;
}

}  // namespace headrace
