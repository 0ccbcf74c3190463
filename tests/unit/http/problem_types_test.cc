#include "http/message/problem_types.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "http/message/problem.h"

namespace headrace {
namespace {

// Errors of these never reach a client: they stop the start.
constexpr std::array kAtStart{"/config/", "/app/"};
const std::set<std::string> kNeverSent{
    "argument",  "bad-secret",     "bad-unit",        "bad-url",     "command-arguments",
    "listen",    "listen-address", "ocr-arguments",   "sandbox",     "tls",
    "ocr-pages", "pdf-pages",      "trusted-proxies", "header-file", "workers",
};

std::set<std::string> TypesIn(const std::filesystem::path& file) {
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  static const std::regex kType(
      R"re((?:ErrorCode::k\w+,|Failure::Kind::k\w+,|Bad\(|TooLarge\()\s*"([a-z]+(?:-[a-z]+)*)")re");
  std::set<std::string> types;
  for (std::sregex_iterator at(text.begin(), text.end(), kType), end; at != end; ++at) {
    types.insert((*at)[1].str());
  }
  return types;
}

bool IsOfTheStart(const std::string& path) {
  for (const char* const folder : kAtStart) {
    if (path.find(folder) != std::string::npos) return true;
  }
  return false;
}

TEST(KnownProblems, AreAllThatTheSourcesName) {
  std::set<std::string> known;
  for (const ProblemKind& problem : KnownProblems()) known.insert(problem.type);
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(HEADRACE_SOURCES)) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() || IsOfTheStart(path)) continue;
    for (const std::string& type : TypesIn(entry.path())) {
      ++found;
      EXPECT_TRUE(known.contains(type) || kNeverSent.contains(type)) << type << " in " << path;
    }
  }
  EXPECT_GT(found, known.size() / 2);
}

TEST(KnownProblems, HaveOneStatusEach) {
  std::set<std::string> seen;
  for (const ProblemKind& problem : KnownProblems()) {
    EXPECT_TRUE(seen.insert(problem.type).second) << problem.type;
    EXPECT_EQ(ProblemType({problem.code, problem.type, "", "", 0}),
              std::string("/problems/") + problem.type);
  }
}

}  // namespace
}  // namespace headrace
