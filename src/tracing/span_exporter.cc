#include "tracing/span_exporter.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/random_share.h"

namespace headrace {
namespace {

SpanExporter::Send SendByHttp(const TracingOptions& options, const std::string& version) {
  const auto client = std::make_shared<OtlpClient>(options, version);
  return [client](std::string json, const CancelToken& cancel, Deadline deadline) {
    return client->Send(std::move(json), cancel, deadline);
  };
}

// What it does can wait, and comes in bursts. Where the kernel refuses, it does not.
void YieldToOthers() {
  constexpr int kNice = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  pthread_setname_np(pthread_self(), "traces");
}

constexpr double kJitter = 0.2;  // so much more at most

}  // namespace

SpanExporter::SpanExporter(TracingOptions options, TraceSource source, Send send)
    : options_(std::move(options)),
      source_(std::move(source)),
      send_(send ? std::move(send) : SendByHttp(options_, source_.version)),
      retry_delay_(options_.retry_delay),
      thread_([this] {
        YieldToOthers();
        Loop();
      }) {}

SpanExporter::~SpanExporter() { Stop(Deadline::After(std::chrono::seconds(0))); }

void SpanExporter::Record(Span span) {
  std::optional<Span> pressed_out;  // destroyed outside of the lock
  bool wake = false;
  {
    const MutexLock lock(mu_);
    const bool full = waiting_.size() + sending_ >= options_.queue;
    if (full || stopping_) ++figures_.dropped;
    if (stopping_ || (full && waiting_.empty())) return;
    if (full) {
      pressed_out = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (waiting_.empty()) first_at_ = SteadyClock::now();
    waiting_.push_back(std::move(span));
    wake = waiting_.size() == 1 || waiting_.size() == kBatch;
  }
  if (wake) changed_.NotifyOne();
}

void SpanExporter::Stop(Deadline deadline) {
  {
    const MutexLock lock(mu_);
    if (std::exchange(stopping_, true)) return;
    stop_by_ = deadline;
    not_before_ = SteadyTime::min();
  }
  changed_.NotifyOne();
  {
    const MutexLock lock(mu_);
    while (!has_ended_ && ended_.WaitUntil(mu_, deadline)) {
    }
  }
  cancel_.Cancel(CancelReason::kShutdown);
  thread_.join();
}

TraceFigures SpanExporter::Figures() const {
  const MutexLock lock(mu_);
  return figures_;
}

void SpanExporter::Loop() {
  for (auto batch = NextBatch(); !batch.empty(); batch = NextBatch()) {
    clock_.Adjust();
    Deadline deadline = Deadline::After(options_.timeout);
    {
      const MutexLock lock(mu_);
      deadline = std::min(deadline, stop_by_);
    }
    const ExportAnswer answer = SendAll(batch, deadline);
    Conclude(std::move(batch), answer);
    Report(answer);
  }
  {
    const MutexLock lock(mu_);
    figures_.dropped += waiting_.size();
    waiting_.clear();
    has_ended_ = true;
  }
  ended_.NotifyAll();
}

// Where memory is short, say, they are sent later: a trace is worth less than the service.
ExportAnswer SpanExporter::SendAll(const std::vector<Span>& batch, Deadline deadline) {
  try {
    return send_(EncodeSpans(source_, batch, clock_), cancel_, deadline);
  } catch (const std::exception& error) {
    return {ExportAnswer::Kind::kTryLater, 0, std::chrono::seconds(0), error.what()};
  }
}

// A full batch goes at once.
SteadyTime SpanExporter::DueAt() const {
  if (waiting_.empty()) return SteadyTime::max();
  const SteadyTime due =
      waiting_.size() >= kBatch ? SteadyTime::min() : first_at_ + options_.interval;
  return std::max(due, not_before_);
}

std::vector<Span> SpanExporter::NextBatch() {
  const MutexLock lock(mu_);
  while (!stopping_ && DueAt() > SteadyClock::now()) {
    changed_.WaitUntil(mu_, Deadline::At(DueAt()));
  }
  const bool over = stopping_ && (stop_by_.Passed() || not_before_ != SteadyTime::min());
  return over ? std::vector<Span>() : Take();
}

std::vector<Span> SpanExporter::Take() {
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kBatch));
  std::vector<Span> batch(std::make_move_iterator(waiting_.begin()),
                          std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  first_at_ = SteadyClock::now();
  sending_ = batch.size();
  return batch;
}

void SpanExporter::Conclude(std::vector<Span> batch, const ExportAnswer& answer) {
  const MutexLock lock(mu_);
  const std::uint64_t count = batch.size();
  const std::uint64_t rejected = std::min(answer.rejected, count);
  sending_ = 0;
  if (answer.kind == ExportAnswer::Kind::kTryLater) {
    return PutBack(std::move(batch), answer.retry_after);
  }
  const bool taken = answer.kind == ExportAnswer::Kind::kTaken;
  figures_.exported += taken ? count - rejected : 0;
  figures_.failed += taken ? rejected : count;
  not_before_ = SteadyTime::min();
  retry_delay_ = options_.retry_delay;
}

// There is room: what is being sent has kept its own.
void SpanExporter::PutBack(std::vector<Span> batch, std::chrono::seconds retry_after) {
  waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.begin()),
                  std::make_move_iterator(batch.end()));
  const Seconds delay =
      std::max<Seconds>(retry_delay_ * (1 + kJitter * RandomShare()), retry_after);
  not_before_ = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(delay);
  retry_delay_ = std::min(retry_delay_ * 2, options_.retry_max_delay);
}

void SpanExporter::Report(const ExportAnswer& answer) {
  const TraceFigures figures = Figures();
  const bool pressed_out = figures.dropped != told_dropped_;
  if ((answer.detail.empty() && !pressed_out) || !log_limit_.Allows()) return;
  told_dropped_ = figures.dropped;
  LogWarn("traces: {detail}",
          {{"detail",
            answer.detail.empty() ? "more spans than tracing.queue takes" : answer.detail.c_str()},
           {"exported", figures.exported},
           {"dropped", figures.dropped},
           {"failed", figures.failed}});
}

}  // namespace headrace
