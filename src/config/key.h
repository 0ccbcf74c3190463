#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "base/words.h"

namespace headrace {

// The one declaration of a scalar key of T: name, range and meaning here, default in T's field.
// Parsing, checking, messages, the environment's names, the sample (config/sample.h) and the tables
// of docs/configuration.md (config/reference.h) all follow from it.
template <class T>
struct Key {
  std::string path;     // below T, with dots
  std::string allowed;  // type, unit and range in words
  std::string help;     // what it means, one plain sentence without its period
  // Parses into the field; returns what is wrong with the text, or nothing.
  std::function<std::optional<std::string>(T&, const std::string&)> read;
  std::function<std::string(const T&)> show;  // the field's value as it is written in a file
  bool list = false;    // a file may write it as a list as well; its text has commas between
  bool live = false;    // a reload changes it; every other key needs a restart
  bool secret = false;  // its value is kept out of the log
  std::string more{};   // Markdown: what the tables say after `help`; links as from docs/

  Key& More(std::string text) {
    more = std::move(text);
    return *this;
  }
};

// How the makers below reach a field of a T, whether const or not.
template <class T, class Access>
struct Field {
  std::string path;
  Access access;  // generic lambda: T& -> field&
  std::string help;
};

struct Range {
  std::uint64_t low;
  std::uint64_t high;
  [[nodiscard]] bool Has(std::uint64_t value) const { return value >= low && value <= high; }
};

// How numbers of one unit are read and written.
struct Unit {
  std::optional<std::uint64_t> (*parse)(const std::string& text);
  std::string (*format)(std::uint64_t value);
  const char* noun;  // "a size", as in "'3 apples' is not a size"
};

inline const Unit& Counts() {
  static const Unit kUnit{
      [](const std::string& text) { return ParseNumberAll<std::uint64_t>(text); },
      [](std::uint64_t value) { return fmt::format("{}", value); }, "a whole number"};
  return kUnit;
}

inline const Unit& Sizes() {
  static const Unit kUnit{[](const std::string& text) -> std::optional<std::uint64_t> {
                            auto size = ParseSize(text);
                            return size ? std::optional(*size) : std::nullopt;
                          },
                          [](std::uint64_t value) { return FormatSize(value); }, "a size"};
  return kUnit;
}

inline const Unit& Durations() {
  static const Unit kUnit{
      [](const std::string& text) -> std::optional<std::uint64_t> {
        auto duration = ParseDuration(text);
        if (!duration || duration->count() < 0) return std::nullopt;
        return static_cast<std::uint64_t>(duration->count());
      },
      [](std::uint64_t value) {
        return FormatDuration(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
      },
      "a duration"};
  return kUnit;
}

// "a size of 1B to 4GiB"
inline std::string Describe(const Unit& unit, Range range) {
  return fmt::format("{} of {} to {}", unit.noun, unit.format(range.low), unit.format(range.high));
}

// The number in the text, or what is wrong with it.
struct ParsedNumber {
  std::uint64_t value = 0;
  std::optional<std::string> problem;
};

inline ParsedNumber ParseNumber(const Unit& unit, Range range, const std::string& text) {
  const auto value = unit.parse(text);
  if (!value) return {0, fmt::format("'{}' is not {}", text, unit.noun)};
  if (!range.Has(*value)) {
    return {0, fmt::format("{} is too {}", text, *value < range.low ? "small" : "large")};
  }
  return {*value, std::nullopt};
}

template <class T, class Access>
Key<T> NumberKey(const Field<T, Access>& field, const Unit& unit, Range range) {
  const auto access = field.access;
  return Key<T>{field.path, Describe(unit, range), field.help,
                [access, &unit, range](T& target, const std::string& text) {
                  auto number = ParseNumber(unit, range, text);
                  using Value = std::remove_reference_t<decltype(access(target))>;
                  if (!number.problem) access(target) = static_cast<Value>(number.value);
                  return number.problem;
                },
                [access, &unit](const T& target) {
                  return unit.format(static_cast<std::uint64_t>(access(target)));
                }};
}

template <class T, class Access>
Key<T> DurationKey(const Field<T, Access>& field, Range milliseconds) {
  const auto access = field.access;
  return Key<T>{field.path, Describe(Durations(), milliseconds), field.help,
                [access, milliseconds](T& target, const std::string& text) {
                  auto number = ParseNumber(Durations(), milliseconds, text);
                  if (!number.problem) {
                    access(target) =
                        std::chrono::milliseconds(static_cast<std::int64_t>(number.value));
                  }
                  return number.problem;
                },
                [access](const T& target) { return FormatDuration(access(target)); }};
}

// A number of which "auto" is the absence.
template <class T, class Access>
Key<T> AutoKey(const Field<T, Access>& field, const Unit& unit, Range range) {
  const auto access = field.access;
  return Key<T>{
      field.path, "auto, or " + Describe(unit, range), field.help,
      [access, &unit, range](T& target, const std::string& text) -> std::optional<std::string> {
        if (text == "auto") {
          access(target).reset();
          return std::nullopt;
        }
        auto number = ParseNumber(unit, range, text);
        if (!number.problem) access(target) = number.value;
        return number.problem;
      },
      [access, &unit](const T& target) {
        return access(target) ? unit.format(*access(target)) : std::string("auto");
      }};
}

template <class T, class Access>
Key<T> TextKey(const Field<T, Access>& field, std::string allowed) {
  const auto access = field.access;
  return Key<T>{field.path, std::move(allowed), field.help,
                [access](T& target, const std::string& text) -> std::optional<std::string> {
                  access(target) = text;
                  return std::nullopt;
                },
                [access](const T& target) { return access(target); }};
}

// Words, as a list or with commas between them.
template <class T, class Access>
Key<T> ListKey(const Field<T, Access>& field, std::string allowed) {
  const auto access = field.access;
  return Key<T>{
      field.path,
      std::move(allowed),
      field.help,
      [access](T& target, const std::string& text) -> std::optional<std::string> {
        access(target) = SplitWords(text, ',');
        if (text.empty()) access(target).clear();
        return std::nullopt;
      },
      [access](const T& target) { return fmt::format("{}", fmt::join(access(target), ", ")); },
      true};
}

template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <class T, class Access, class Value>
Key<T> ChoiceKey(const Field<T, Access>& field, const Choices<Value>& choices) {
  const auto access = field.access;
  std::string allowed;
  for (const auto& [word, value] : choices) allowed += (allowed.empty() ? "" : ", ") + word;
  return Key<T>{
      field.path, "one of " + allowed, field.help,
      [access, choices](T& target, const std::string& text) -> std::optional<std::string> {
        for (const auto& [word, value] : choices) {
          if (word != text) continue;
          access(target) = value;
          return std::nullopt;
        }
        return fmt::format("'{}' is unknown", text);
      },
      [access, choices](const T& target) {
        for (const auto& [word, value] : choices) {
          if (value == access(target)) return word;
        }
        return std::string();
      }};
}

// Declares keys of a T one after the other: each by its path, what is allowed, what it means, and
// the field that it sets, whose value is the default.
template <class T>
class KeyList {
 public:
  template <class Access>
  Key<T>& Number(const char* path, const Unit& unit, Range range, const char* help, Access access) {
    return Add(NumberKey(Field<T, Access>{path, access, help}, unit, range));
  }
  template <class Access>
  Key<T>& Duration(const char* path, Range milliseconds, const char* help, Access access) {
    return Add(DurationKey(Field<T, Access>{path, access, help}, milliseconds));
  }
  template <class Access>
  Key<T>& Auto(const char* path, const Unit& unit, Range range, const char* help, Access access) {
    return Add(AutoKey(Field<T, Access>{path, access, help}, unit, range));
  }
  template <class Access>
  Key<T>& Text(const char* path, const char* allowed, const char* help, Access access) {
    return Add(TextKey(Field<T, Access>{path, access, help}, allowed));
  }
  template <class Access>
  Key<T>& List(const char* path, const char* allowed, const char* help, Access access) {
    return Add(ListKey(Field<T, Access>{path, access, help}, allowed));
  }
  template <class Access, class Value>
  Key<T>& Choice(const char* path, const Choices<Value>& choices, const char* help, Access access) {
    return Add(ChoiceKey(Field<T, Access>{path, access, help}, choices));
  }
  template <class Access>
  Key<T>& Truth(const char* path, const char* help, Access access) {
    return Choice(path, Choices<bool>{{"true", true}, {"false", false}}, help, access);
  }

  // The key may be told more until the next one is added.
  Key<T>& Add(Key<T> key) { return keys_.emplace_back(std::move(key)); }
  void AddAll(const std::vector<Key<T>>& keys) {
    keys_.insert(keys_.end(), keys.begin(), keys.end());
  }
  // Marks those that a reload (SIGHUP) changes: app/reload takes them to where they work.
  void MarkLive(std::initializer_list<std::string_view> paths) {
    for (const std::string_view path : paths) {
      const auto at = std::find_if(keys_.begin(), keys_.end(),
                                   [path](const Key<T>& key) { return key.path == path; });
      if (at == keys_.end()) throw std::logic_error(fmt::format("no key is called {}", path));
      at->live = true;
    }
  }
  std::vector<Key<T>> Take() { return std::move(keys_); }

 private:
  std::vector<Key<T>> keys_;
};

}  // namespace headrace
