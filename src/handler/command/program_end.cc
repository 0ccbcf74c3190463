#include "handler/command/program_end.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <utility>

#include "base/units.h"

namespace headrace {
namespace {

constexpr int kUnprocessable = 422;
constexpr int kUnavailable = 503;
constexpr int kFailed = 500;

std::string Told(const std::string& what, const EndDetails& details) {
  return details.last_line.empty() ? what : what + "; " + details.last_line;
}

Failure TooLarge(const char* type, std::string hint, std::string detail) {
  return {Failure::Kind::kTooLarge, type, std::move(hint), std::move(detail)};
}

Failure ScratchFull(const CommandOptions& options, const EndDetails& details) {
  return TooLarge(
      "scratch-full", "the command needs more room on the disk than a job may use",
      Told("more than isolation.scratch (" + FormatSize(options.scratch) + ")", details));
}

Failure ResultTooLarge(const CommandOptions& options, const EndDetails& details) {
  return TooLarge(
      "result-too-large", "the result is larger than this service allows",
      Told("a file of more than max_result (" + FormatSize(options.max_result) + ")", details));
}

// A file that was cut at the smaller of two limits.
Failure FileTooLarge(const CommandOptions& options, const EndDetails& details) {
  const bool by_scratch = HasPlace(options, kOutputPlace) && options.scratch < options.max_result;
  return by_scratch ? ScratchFull(options, details) : ResultTooLarge(options, details);
}

std::optional<Failure> Exited(int status, const EndDetails& details,
                              const CommandOptions& options) {
  // Many programs ignore SIGXFSZ, and some the error that they get instead.
  if (details.output_cut) return FileTooLarge(options, details);
  if (status == 0) return std::nullopt;
  const auto found = options.exit_codes.find(status);
  const int code = found == options.exit_codes.end() ? kFailed : found->second;
  std::string detail = Told(fmt::format("exit status {}", status), details);
  if (code == kUnprocessable) {
    std::string hint =
        details.refusal.empty() ? "the command refused this payload" : details.refusal;
    return Failure{Failure::Kind::kBadPayload, "command-refused", std::move(hint),
                   std::move(detail)};
  }
  if (code == kUnavailable) {
    return Failure{Failure::Kind::kRetry, "command-unavailable",
                   "the command cannot do this now; try again later", std::move(detail)};
  }
  return Failure{Failure::Kind::kInternal, "command-failed", "the command failed",
                 std::move(detail)};
}

Failure Killed(int signal, const EndDetails& details, const CommandOptions& options) {
  if (signal == SIGXFSZ) return FileTooLarge(options, details);
  const auto limit = static_cast<std::uint64_t>(options.cpu.count());
  const bool cpu =
      signal == SIGXCPU || (signal == SIGKILL && limit != 0 && details.cpu_seconds >= limit);
  if (cpu) {
    return {Failure::Kind::kCpuLimit, "executor-crashed", "",
            Told(fmt::format("used its {} s of CPU time", limit), details)};
  }
  const char* const name = sigabbrev_np(signal);
  return {Failure::Kind::kCrashed, "executor-crashed", "",
          Told(fmt::format("signal {} ({})", signal, name != nullptr ? name : "?"), details)};
}

}  // namespace

std::optional<Failure> FailureOf(const RunEnd& end, const EndDetails& details,
                                 const CommandOptions& options) {
  switch (end.reason) {
    case RunEnd::Reason::kScratchFull:
      return ScratchFull(options, details);
    case RunEnd::Reason::kCancelled:
      return Failure{Failure::Kind::kInternal, "handler-failed", "", "the job was over"};
    case RunEnd::Reason::kExited:
      break;
  }
  if (WIFSIGNALED(end.status)) return Killed(WTERMSIG(end.status), details, options);
  return Exited(WEXITSTATUS(end.status), details, options);
}

}  // namespace headrace
