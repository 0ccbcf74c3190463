#include "handler/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/words.h"

namespace headrace {
namespace {

constexpr std::size_t kQuotedValue = 40;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// A client's text inside our sentence: short, and nothing that a terminal would obey.
std::string Quoted(std::string_view value) {
  std::string text;
  for (const char c : value.substr(0, kQuotedValue)) text += c >= 0x20 && c <= 0x7E ? c : '?';
  return fmt::format("'{}{}'", text, value.size() > kQuotedValue ? "..." : "");
}

template <class T>
std::optional<T> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return ParseNumberAll<T>(text);
}

std::optional<bool> ParseBool(std::string_view text) {
  constexpr std::array kTrue{"true", "1", "yes", "on"};
  constexpr std::array kFalse{"false", "0", "no", "off"};
  const auto is = [text](const char* word) { return SameWord(text, word); };
  if (std::any_of(kTrue.begin(), kTrue.end(), is)) return true;
  if (std::any_of(kFalse.begin(), kFalse.end(), is)) return false;
  return std::nullopt;
}

bool InRange(const ParamSpec& spec, double value) {
  return std::isfinite(value) && value >= spec.minimum.value_or(value) &&
         value <= spec.maximum.value_or(value);
}

std::string Range(const ParamSpec& spec, std::string_view noun) {
  if (spec.minimum && spec.maximum) {
    return fmt::format("{} from {} to {}", noun, *spec.minimum, *spec.maximum);
  }
  if (spec.minimum) return fmt::format("{} of at least {}", noun, *spec.minimum);
  if (spec.maximum) return fmt::format("{} of at most {}", noun, *spec.maximum);
  return std::string(noun);
}

std::string Allowed(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kInteger:
      return Range(spec, "an integer");
    case ParamType::kNumber:
      return Range(spec, "a number");
    case ParamType::kBoolean:
      return "true or false";
    case ParamType::kChoice:
      return fmt::format("one of {}", fmt::join(spec.choices, ", "));
    case ParamType::kText:
      return fmt::format("text of at most {} bytes", spec.max_length);
  }
  return {};
}

template <class T>
std::optional<std::string> CanonicalNumber(const ParamSpec& spec, const std::string& value) {
  const auto number = ParseNumber<T>(value);
  if (!number || !InRange(spec, static_cast<double>(*number))) return std::nullopt;
  return fmt::format("{}", *number);
}

std::optional<std::string> CanonicalChoice(const ParamSpec& spec, const std::string& value) {
  const auto choice = std::find_if(spec.choices.begin(), spec.choices.end(),
                                   [&](const auto& word) { return SameWord(word, value); });
  if (choice == spec.choices.end()) return std::nullopt;
  return *choice;
}

std::optional<std::string> Canonical(const ParamSpec& spec, const std::string& value) {
  switch (spec.type) {
    case ParamType::kInteger:
      return CanonicalNumber<std::int64_t>(spec, value);
    case ParamType::kNumber:
      return CanonicalNumber<double>(spec, value);
    case ParamType::kBoolean:
      if (const auto boolean = ParseBool(value)) return *boolean ? "true" : "false";
      return std::nullopt;
    case ParamType::kChoice:
      return CanonicalChoice(spec, value);
    case ParamType::kText:
      if (value.size() > spec.max_length || value.find('\0') != std::string::npos) {
        return std::nullopt;
      }
      return value;
  }
  return std::nullopt;
}

class Validation {
 public:
  Validation(const HandlerInfo& handler, const std::vector<std::string>& query_names)
      : handler_(handler), query_names_(query_names) {}

  void Given(const std::string& name, const std::string& value) {
    const auto spec = std::find_if(handler_.params.begin(), handler_.params.end(),
                                   [&](const ParamSpec& known) { return known.name == name; });
    if (spec == handler_.params.end()) {
      unknown_.push_back(Quoted(name));
      return;
    }
    if (spec->secret && Contains(query_names_, name)) {
      problems_.push_back(fmt::format(
          "{} is a secret and may not stand in the query; send it as a form field or as header "
          "Headrace-Param-{}",
          name, name));
      return;
    }
    if (value.empty()) return;
    bytes_ += name.size() + value.size();
    auto canonical = Canonical(*spec, value);
    if (canonical) {
      params_.insert_or_assign(name, std::move(*canonical));
    } else if (spec->secret) {
      problems_.push_back(fmt::format("{} must be {}", name, Allowed(*spec)));
    } else {
      problems_.push_back(
          fmt::format("{} must be {}, not {}", name, Allowed(*spec), Quoted(value)));
    }
  }

  // What is wrong with those given, each by itself.
  Status Check() {
    if (!unknown_.empty()) problems_.push_back(Unknown());
    if (bytes_ > kMaxParamBytes) {
      problems_.push_back(fmt::format("the parameters have {} bytes together, allowed are {}",
                                      bytes_, kMaxParamBytes));
    }
    return Result();
  }

  Expected<Params> Finish() {
    if (auto checked = Check(); !checked) return std::move(checked).error();
    for (const ParamSpec& spec : handler_.params) {
      if (spec.default_value) params_.try_emplace(spec.name, *spec.default_value);
    }
    if (handler_.check != nullptr) {
      if (auto problem = handler_.check(params_)) problems_.push_back(std::move(*problem));
    }
    if (auto checked = Result(); !checked) return std::move(checked).error();
    return std::move(params_);
  }

 private:
  [[nodiscard]] Status Result() const {
    if (problems_.empty()) return Ok();
    return Error{ErrorCode::kUnprocessable, "invalid-params",
                 fmt::format("{}", fmt::join(problems_, "; ")), "", 0};
  }

  static bool Contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  [[nodiscard]] std::string Unknown() const {
    constexpr std::size_t kNamed = 10;
    std::vector<std::string> names = unknown_;
    names.resize(std::min(names.size(), kNamed));
    if (unknown_.size() > kNamed) names.push_back(fmt::format("{} more", unknown_.size() - kNamed));
    const std::string who = fmt::format("{} {} not known here", fmt::join(names, ", "),
                                        names.size() > 1 ? "are" : "is");
    if (handler_.params.empty()) return who + ", this queue takes no parameters";
    std::vector<std::string> known;
    known.reserve(handler_.params.size());
    for (const ParamSpec& spec : handler_.params) known.push_back(spec.name);
    return fmt::format("{}, allowed are {}", who, fmt::join(known, ", "));
  }

  const HandlerInfo& handler_;
  const std::vector<std::string>& query_names_;
  Params params_;
  std::size_t bytes_ = 0;
  std::vector<std::string> unknown_;
  std::vector<std::string> problems_;
};

}  // namespace

Expected<Params> ValidateParams(const HandlerInfo& handler, const Params& raw,
                                const std::vector<std::string>& query_names) {
  Validation validation(handler, query_names);
  for (const auto& [name, value] : raw) validation.Given(name, value);
  return validation.Finish();
}

Status CheckParams(const HandlerInfo& handler, const Params& raw,
                   const std::vector<std::string>& query_names) {
  Validation validation(handler, query_names);
  for (const auto& [name, value] : raw) validation.Given(name, value);
  return validation.Check();
}

}  // namespace headrace
