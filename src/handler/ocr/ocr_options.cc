#include "handler/ocr/ocr_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/words.h"

namespace headrace {
namespace {

constexpr std::size_t kMostLanguages = 32;
constexpr std::size_t kLongestName = 64;

// `eng`, `chi_sim_vert`, `script/Latin`: a file name below the folder, and nothing that leaves it.
bool IsLanguageName(std::string_view name) {
  const auto slash = name.find('/');
  if (slash != std::string_view::npos) {
    return slash + 1 < name.size() && IsLanguageName(name.substr(0, slash)) &&
           name.find('/', slash + 1) == std::string_view::npos &&
           IsLanguageName(name.substr(slash + 1));
  }
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

bool ReadNumber(std::string_view text, std::uint64_t& number) {
  const auto parsed = ParseNumberAll<std::uint64_t>(text);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

// False if `name` is none of ours or its value is no good.
bool ReadArgument(std::string_view name, std::string_view value, OcrOptions& options) {
  if (name == "--languages") {
    options.languages = SplitWords(value, ',');
    return true;
  }
  if (name == "--data-dir") {
    options.data_dir = value;
    return true;
  }
  if (name == "--max-pixels") return ReadNumber(value, options.max_pixels);
  return name == "--max-pages" && ReadNumber(value, options.max_pages);
}

}  // namespace

std::vector<std::string> ReadableLanguages(const OcrOptions& options) {
  std::vector<std::string> readable = options.languages;
  std::erase(readable, kOrientationData);
  return readable;
}

std::vector<std::string> WantedLanguages(std::string_view lang) {
  std::string joined(lang);
  std::replace(joined.begin(), joined.end(), ' ', '+');
  std::vector<std::string> languages = SplitWords(joined, '+');
  std::erase(languages, "");
  return languages;
}

std::vector<std::string> Validate(const OcrOptions& options) {
  constexpr const char* kAllowed = "allowed: names of traineddata files like eng, deu, chi_sim";
  std::vector<std::string> problems;
  std::set<std::string> seen;
  for (const std::string& language : options.languages) {
    if (!IsLanguageName(language)) {
      problems.push_back(fmt::format("languages: '{}' is no language; {}", language, kAllowed));
    } else if (!seen.insert(language).second) {
      problems.push_back(fmt::format("languages: '{}' is named twice; allowed: once", language));
    }
  }
  if (options.languages.size() > kMostLanguages) {
    problems.push_back(fmt::format("languages: {} are too many; allowed: 1 to {}",
                                   options.languages.size(), kMostLanguages));
  }
  if (problems.empty() && ReadableLanguages(options).empty()) {
    problems.push_back("languages: osd alone reads no text; allowed: a language beside it");
  }
  if (options.data_dir.empty()) {
    problems.emplace_back("data_dir: is empty; allowed: auto, or a path");
  }
  return problems;
}

std::vector<std::string> ToArguments(const OcrOptions& options) {
  return {fmt::format("--languages={}", fmt::join(options.languages, ",")),
          fmt::format("--data-dir={}", options.data_dir),
          fmt::format("--max-pixels={}", options.max_pixels),
          fmt::format("--max-pages={}", options.max_pages)};
}

Expected<OcrOptions> ParseOcrArguments(const std::vector<std::string>& arguments) {
  OcrOptions options;
  std::string problem;
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    const std::string_view name = std::string_view(argument).substr(0, equals);
    const std::string_view value = equals == std::string::npos
                                       ? std::string_view()
                                       : std::string_view(argument).substr(equals + 1);
    if (!ReadArgument(name, value, options)) problem = "unknown argument " + argument;
  }
  const auto problems = Validate(options);
  if (problem.empty() && !problems.empty()) problem = problems.front();
  if (problem.empty()) return options;
  return Error{ErrorCode::kInvalidArgument, "ocr-arguments", "", std::move(problem)};
}

}  // namespace headrace
