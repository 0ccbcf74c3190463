#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/log_limit.h"
#include "base/sync.h"
#include "tracing/otlp_client.h"
#include "tracing/otlp_json.h"
#include "tracing/span.h"
#include "tracing/trace_figures.h"
#include "tracing/tracing_options.h"

namespace headrace {

// Sends spans to a collector, on a thread of its own. At most `queue` of them are in memory: then a
// new one presses out the one that has waited longest. They leave in batches of up to 512, at the
// latest `interval` after the first of them came. A batch that could not be delivered is kept and
// sent again, later and later, or when the collector says. Thread-safe.
class SpanExporter {
 public:
  using Send = std::function<ExportAnswer(std::string json, const CancelToken&, Deadline)>;

  // `send`: how a batch is sent, on the exporter's thread; null: by an OtlpClient.
  SpanExporter(TracingOptions options, TraceSource source, Send send = nullptr);
  ~SpanExporter();  // Stop, without time
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Never waits for the network, nor for the encoding.
  void Record(Span span);

  // Sends what is there until the deadline, then ends the thread. What is left is dropped, and what
  // comes later. After one attempt that fails no other is made. By one thread; idempotent.
  void Stop(Deadline deadline);

  [[nodiscard]] TraceFigures Figures() const;

 private:
  static constexpr std::size_t kBatch = 512;

  void Loop();
  ExportAnswer SendAll(const std::vector<Span>& batch, Deadline deadline);
  // Waits until there is something to send, and takes it out; empty: the end.
  std::vector<Span> NextBatch();
  [[nodiscard]] std::vector<Span> Take() REQUIRES(mu_);
  [[nodiscard]] SteadyTime DueAt() const REQUIRES(mu_);
  void Conclude(std::vector<Span> batch, const ExportAnswer& answer);
  void PutBack(std::vector<Span> batch, std::chrono::seconds retry_after) REQUIRES(mu_);
  void Report(const ExportAnswer& answer);

  const TracingOptions options_;
  const TraceSource source_;
  const Send send_;
  WallClock clock_;                 // the thread's, like the next two
  std::uint64_t told_dropped_ = 0;  // as the log has it
  LogLimit log_limit_{std::chrono::seconds(60)};
  CancelToken cancel_;  // ends a request that takes longer than the stop may

  mutable Mutex mu_;
  CondVar changed_;
  CondVar ended_;
  std::deque<Span> waiting_ GUARDED_BY(mu_);
  std::size_t sending_ GUARDED_BY(mu_) = 0;  // spans that the thread has taken out
  SteadyTime first_at_ GUARDED_BY(mu_);      // when the first of those that wait came
  SteadyTime not_before_ GUARDED_BY(mu_) =
      SteadyTime::min();  // the next attempt, after a failed one
  std::chrono::milliseconds retry_delay_ GUARDED_BY(mu_);
  TraceFigures figures_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  bool has_ended_ GUARDED_BY(mu_) = false;
  Deadline stop_by_ GUARDED_BY(mu_) = Deadline::Never();
  std::thread thread_;  // last: uses all above
};

}  // namespace headrace
