#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "net/http_client.h"
#include "tracing/tracing_options.h"

namespace headrace {

// What became of an export.
struct ExportAnswer {
  enum class Kind {
    kTaken,     // but for `rejected` spans
    kRefused,   // sending them again would not help
    kTryLater,  // not before `retry_after`
  };
  Kind kind = Kind::kTryLater;
  std::uint64_t rejected = 0;
  std::chrono::seconds retry_after{0};  // 0: the collector does not say
  std::string detail{};                 // for the operator; empty: all is well
};

// Judges a collector's answer as OTLP/HTTP has it: 2xx is taken, what a partialSuccess in its body
// says apart; 429, 502, 503 and 504 may be tried again; all others, redirects too, are refusals.
ExportAnswer JudgeAnswer(int status, std::int64_t retry_after, std::string_view body);

// Posts encoded spans to the collector. Not thread-safe.
class OtlpClient {
 public:
  // `version`: of this program, for User-Agent.
  OtlpClient(const TracingOptions& options, const std::string& version);

  // Blocks until the answer is there, the deadline has passed or the token is cancelled.
  ExportAnswer Send(std::string json, const CancelToken& cancel, Deadline deadline);

 private:
  const TracingOptions options_;
  const std::string user_agent_;
  HttpClient http_;
};

}  // namespace headrace
