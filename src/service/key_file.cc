#include "service/key_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/line_file.h"
#include "base/words.h"

namespace headrace {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
constexpr std::uint32_t kMostLimit = 1'000'000;
constexpr std::size_t kMostTold = 20;  // lines that are wrong: who meets them all has another file
constexpr const char* kForm = "TENANT SHA256 [waiting=N] [per_minute=N]";

std::vector<std::string_view> WordsOf(std::string_view line) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = line.find_first_of(kBlanks, begin);
    words.push_back(line.substr(begin, end - begin));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end);
  }
}

std::optional<Sha256Digest> ParseDigest(std::string_view text) {
  Sha256Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, digest[i], 16);
    if (error != std::errc{} || end != at + 2) return std::nullopt;
  }
  return digest;
}

// What is wrong with "waiting=10" or "per_minute=60"; nothing: it is taken.
std::optional<std::string> TakeLimit(std::string_view word, KeyLimits& limits) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  if (equals == std::string_view::npos || (name != "waiting" && name != "per_minute")) {
    return fmt::format("'{}' is unknown; a line is {}", word, kForm);
  }
  const auto number = ParseNumberAll<std::uint32_t>(word.substr(equals + 1));
  if (!number || *number < 1 || *number > kMostLimit) {
    return fmt::format("{} is not a whole number of 1 to {}; leave it out for no limit", word,
                       kMostLimit);
  }
  const bool waiting = name == "waiting";
  if ((waiting ? limits.waiting : limits.per_minute) != 0) {
    return fmt::format("{} is given twice", name);
  }
  if (waiting) {
    limits.waiting = *number;
  } else {
    limits.per_minute = *number;
  }
  return std::nullopt;
}

// What is wrong with a line; nothing: `key` has it.
std::optional<std::string> TakeKey(std::string_view line, ApiKey& key) {
  const std::vector<std::string_view> words = WordsOf(line);
  if (words.size() < 2) return fmt::format("a line is {}", kForm);
  if (!IsTenantName(words[0])) {
    return "the tenant is not 1 to 64 letters, digits, '-', '_' and '.'";
  }
  key.tenant = words[0];
  const auto digest = ParseDigest(words[1]);
  if (!digest) {
    return "the key's digest is not 64 hexadecimal digits; printf %s \"$KEY\" | sha256sum tells it";
  }
  if (*digest == Sha256().Finish()) {
    return "that is the digest of an empty key; was the variable set?";
  }
  key.digest = *digest;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (auto wrong = TakeLimit(words[i], key.limits)) return wrong;
  }
  return std::nullopt;
}

void TakeLines(const std::string& path, const std::vector<LineFile::Line>& lines, KeyFile& result) {
  std::set<Sha256Digest> digests;
  for (const LineFile::Line& line : lines) {
    ApiKey key;
    auto wrong = TakeKey(line.text, key);
    if (!wrong && !digests.insert(key.digest).second) wrong = "the key stands in the file twice";
    if (!wrong) {
      result.keys.push_back(std::move(key));
    } else if (result.problems.size() < kMostTold) {
      result.problems.push_back(fmt::format("{}:{}: {}", path, line.number, *wrong));
    }
  }
  const std::size_t untold = lines.size() - result.keys.size() - result.problems.size();
  if (untold > 0) {
    result.problems.push_back(fmt::format("{}: {} more lines are wrong", path, untold));
  }
}

}  // namespace

KeyFile LoadKeyFile(const std::string& path) {
  KeyFile result;
  const auto file = ReadLines(path, kMostBytes);
  if (!file) {
    result.problems.push_back(path + ": " + file.error().hint);
    return result;
  }
  if (file->OthersMayWrite()) {
    result.warnings.push_back(fmt::format(
        "{}: others may write it (mode {:04o}), and so make keys; chmod go-w", path, file->mode));
  }
  TakeLines(path, file->lines, result);
  if (file->lines.empty()) {
    result.problems.push_back(fmt::format("{}: has no key; a line is {}", path, kForm));
  }
  return result;
}

}  // namespace headrace
