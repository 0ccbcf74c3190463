#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/printable.h"

namespace headrace {
namespace {

using Fields = std::initializer_list<LogField>;

std::atomic<LogStyle>& Style() {
  static std::atomic<LogStyle> style{LogStyle::kText};
  return style;
}

std::string TextOf(const LogField& field) {
  return std::visit(
      [](const auto& value) -> std::string {
        using Type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Type, std::string_view>) {
          return value.empty() ? "-" : Printable(value);
        } else if constexpr (std::is_same_v<Type, double>) {
          return fmt::format("{:.3f}", value);
        } else {
          return fmt::format("{}", value);
        }
      },
      field.value());
}

Json JsonOf(const LogField& field) {
  return std::visit(
      [](const auto& value) {
        using Type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Type, std::string_view>) {
          return Json::String(value);
        } else if constexpr (std::is_same_v<Type, std::uint64_t>) {
          return Json::Number(value);
        } else if constexpr (std::is_same_v<Type, std::int64_t>) {
          return value < 0 ? Json::Number(static_cast<double>(value))
                           : Json::Number(static_cast<std::uint64_t>(value));
        } else {
          return Json::Number(std::round(value * 1000) / 1000);
        }
      },
      field.value());
}

bool Unknown(const LogField& field) {
  const auto* const text = std::get_if<std::string_view>(&field.value());
  return text != nullptr && text->empty();
}

std::string Place(const LogField& field) { return fmt::format("{{{}}}", field.name()); }

// The message with the fields that it names in their places.
std::string Filled(std::string_view message, Fields fields) {
  std::string text;
  while (!message.empty()) {
    const auto* const field = std::find_if(fields.begin(), fields.end(), [&](const auto& one) {
      return message.starts_with(Place(one));
    });
    if (field != fields.end()) {
      text += TextOf(*field);
      message.remove_prefix(Place(*field).size());
      continue;
    }
    const auto next = std::min(message.find('{', 1), message.size());
    text += message.substr(0, next);
    message.remove_prefix(next);
  }
  return text;
}

std::string AsText(std::string_view message, Fields fields) {
  std::string line = Filled(message, fields);
  const char* before = ": ";
  for (const LogField& field : fields) {
    if (message.find(Place(field)) != std::string_view::npos) continue;
    line += fmt::format("{}{}={}", before, field.name(), TextOf(field));
    before = " ";
  }
  return line;
}

std::string AsJson(std::string_view message, Fields fields) {
  std::vector<std::pair<std::string, Json>> members{
      {"message", Json::String(Filled(message, fields))}};
  for (const LogField& field : fields) {
    if (!Unknown(field)) members.emplace_back(field.name(), JsonOf(field));
  }
  const std::string object = Json::Object(members).Text();
  return kJsonMembers + object.substr(1, object.size() - 2);
}

// Made before there are threads: the library is not instrumented, so that a sanitizer takes its
// first use by two threads for a race. NOLINTNEXTLINE(bugprone-throwing-static-initialization)
[[maybe_unused]] const spdlog::logger* const kMadeEarly = spdlog::default_logger_raw();

void Log(spdlog::level::level_enum level, std::string_view message, Fields fields) try {
  if (!spdlog::should_log(level)) return;
  const bool json = Style().load(std::memory_order_relaxed) == LogStyle::kJson;
  spdlog::log(level, "{}", json ? AsJson(message, fields) : AsText(message, fields));
} catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): says why
  // Without memory for the line: the line is lost, and what it tells of goes on.
}

}  // namespace

void SetLogStyle(LogStyle style) { Style().store(style, std::memory_order_relaxed); }

bool LogsInfo() { return spdlog::should_log(spdlog::level::info); }

void LogDebug(std::string_view message, Fields fields) {
  Log(spdlog::level::debug, message, fields);
}

void LogInfo(std::string_view message, Fields fields) { Log(spdlog::level::info, message, fields); }

void LogWarn(std::string_view message, Fields fields) { Log(spdlog::level::warn, message, fields); }

void LogError(std::string_view message, Fields fields) { Log(spdlog::level::err, message, fields); }

}  // namespace headrace
