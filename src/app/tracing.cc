#include "app/tracing.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "net/http_url.h"

namespace headrace {
namespace {

constexpr std::chrono::milliseconds kLeastFlush{100};
constexpr std::chrono::milliseconds kMostFlush{1'000};

std::unique_ptr<SpanExporter> MakeExporter(const TracingOptions& options) {
  if (!options.On()) return nullptr;
  return std::make_unique<SpanExporter>(options,
                                        ThisProcess(options.service_name, HEADRACE_VERSION));
}

std::unique_ptr<const Tracer> MakeTracer(const TracingOptions& options, SpanExporter* exporter) {
  if (exporter == nullptr) return nullptr;
  return std::make_unique<const Tracer>(
      options.sample, [exporter](Span span) { exporter->Record(std::move(span)); });
}

}  // namespace

Tracing::Tracing(const TracingOptions& options)
    : exporter_(MakeExporter(options)), tracer_(MakeTracer(options, exporter_.get())) {
  if (!options.On()) return;
  const auto url = ParseHttpUrl(options.endpoint);  // `check` has judged it; its query stays here
  LogInfo("traces go to {host}", {{"host", url ? url->host : ""}, {"sample", options.sample}});
}

TraceFigures Tracing::Figures() const { return exporter_ ? exporter_->Figures() : TraceFigures{}; }

void Tracing::Stop(Deadline drain) {
  if (!exporter_) return;
  exporter_->Stop(std::clamp(drain, Deadline::After(kLeastFlush), Deadline::After(kMostFlush)));
}

}  // namespace headrace
