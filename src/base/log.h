#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace headrace {

// A named value of a log line. The names are one vocabulary, docs/logs.md. Refers to the text that
// it is made of: to be made in the call that logs it.
class LogField {
 public:
  LogField(const char* name, std::string_view text) : name_(name), value_(text) {}
  LogField(const char* name, const std::string& text) : LogField(name, std::string_view(text)) {}
  LogField(const char* name, const char* text) : LogField(name, std::string_view(text)) {}
  LogField(const char* name, std::unsigned_integral auto number)
      : name_(name), value_(static_cast<std::uint64_t>(number)) {}
  LogField(const char* name, std::signed_integral auto number)
      : name_(name), value_(static_cast<std::int64_t>(number)) {}
  LogField(const char* name, double number) : name_(name), value_(number) {}

  using Value = std::variant<std::string_view, std::uint64_t, std::int64_t, double>;
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  const char* name_;
  Value value_;
};

// How a line's fields are written: `message: name=value ...`, or as members of a JSON object.
enum class LogStyle { kText, kJson };

// Of all lines from now on. Thread-safe.
void SetLogStyle(LogStyle style);

// Logs an event. `message` is constant, so that lines of one kind can be found; `{name}` in it is
// replaced by that field. A text that is empty is not known: `-` in text, no member in JSON.
// Numbers that are not whole are written with three digits behind the point. Thread-safe, never
// throws, and does not wait for who reads the log.
void LogDebug(std::string_view message, std::initializer_list<LogField> fields = {});
void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {});
void LogWarn(std::string_view message, std::initializer_list<LogField> fields = {});
void LogError(std::string_view message, std::initializer_list<LogField> fields = {});

// Whether LogInfo writes anything: for who would make a costly text in vain. Thread-safe.
[[nodiscard]] bool LogsInfo();

// Begins the payload of a line whose rest is the members of its JSON object, for who adds time and
// level. No text begins so.
inline constexpr char kJsonMembers = '\x1e';

}  // namespace headrace
