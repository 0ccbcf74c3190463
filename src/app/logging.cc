#include "app/logging.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/sync.h"

namespace headrace {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr const char* kTimeFormat = "%Y-%m-%dT%H:%M:%S.%eZ";

// One JSON object a line: time, level, message, and the fields of the event (base/log.h).
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(line, time);
    const spdlog::string_view_t level = spdlog::level::to_string_view(line.level);
    const std::string start =
        Json::Object({
                         {"time", Json::String({time.data(), time.size()})},
                         {"level", Json::String({level.data(), level.size()})},
                     })
            .Text();
    out.append(start.data(), start.data() + start.size() - 1);
    out.push_back(',');
    AppendMembers({line.payload.data(), line.payload.size()}, out);
    out.push_back('}');
    out.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  static void AppendMembers(std::string_view payload, spdlog::memory_buf_t& out) {
    if (payload.starts_with(kJsonMembers)) {
      out.append(payload.data() + 1, payload.data() + payload.size());
      return;
    }
    const std::string message = Json::Object({{"message", Json::String(payload)}}).Text();
    out.append(message.data() + 1, message.data() + message.size() - 1);
  }

  spdlog::pattern_formatter time_{kTimeFormat, spdlog::pattern_time_type::utc, ""};
};

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Keeps a logger for good: another thread may be in it, with no more than a bare pointer.
void Keep(std::shared_ptr<spdlog::logger> former) {
  static Mutex mu;
  static std::vector<std::shared_ptr<spdlog::logger>>* kept = nullptr;  // never destroyed
  const MutexLock lock(mu);
  if (kept == nullptr) kept = new std::vector<std::shared_ptr<spdlog::logger>>;
  kept->push_back(std::move(former));
}

void Install(std::shared_ptr<spdlog::logger> logger, const LogOptions& options) {
  logger->set_level(LevelOf(options.level));
  SetLogStyle(options.format == LogFormat::kJson ? LogStyle::kJson : LogStyle::kText);
  if (options.format == LogFormat::kJson) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        std::string(kTimeFormat) + " %l %v", spdlog::pattern_time_type::utc));
  }
  Keep(spdlog::default_logger());
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

void LogDirectly(const LogOptions& options) {
  Install(std::make_shared<spdlog::logger>("headrace",
                                           std::make_shared<spdlog::sinks::stderr_sink_mt>()),
          options);
}

AsyncLog::AsyncLog(const LogOptions& options)
    : options_(options), pool_(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1)) {
  Install(std::make_shared<spdlog::async_logger>(
              "headrace", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool_,
              spdlog::async_overflow_policy::overrun_oldest),
          options);
}

AsyncLog::~AsyncLog() {
  LogDirectly(options_);
  pool_.reset();  // its thread writes what is queued, then ends
}

void AsyncLog::SetLevel(LogLevel level) {
  options_.level = level;
  spdlog::set_level(LevelOf(level));
}

std::uint64_t AsyncLog::Dropped() const { return pool_->overrun_counter(); }

}  // namespace headrace
