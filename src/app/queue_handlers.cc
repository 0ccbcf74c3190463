#include "app/queue_handlers.h"

#include "handler/ocr/ocr_info.h"
#include "handler/pdf/pdf_info.h"
#include "handler/pdf/pdf_limits.h"

namespace headrace {
namespace {

bool IsPdf(const QueueConfig& queue) { return queue.handler == PdfHandlerInfo().name; }

std::vector<std::string> PdfArgumentsOf(const PdfKeys& keys) {
  PdfLimits limits;
  limits.max_pages = keys.max_pages.value_or(limits.max_pages);
  limits.max_page_pixels = keys.max_page_pixels.value_or(limits.max_page_pixels);
  return PdfArguments(limits);
}

bool IsOcr(const QueueConfig& queue) { return queue.handler == "ocr"; }

}  // namespace

QueueHandlers::QueueHandlers(const Config& config, const HandlerRegistry& handlers) {
  for (const QueueConfig& queue : config.queues) {
    if (IsOcr(queue)) {
      own_.push_back(OcrHandlerInfo(queue.ocr));
      infos_.push_back(&own_.back());
    } else {
      infos_.push_back(&handlers.Find(queue.handler)->info);
    }
  }
}

std::vector<std::string> ExecutorArguments(const QueueConfig& queue, const HandlerEntry& handler) {
  if (IsOcr(queue)) return ToArguments(queue.ocr);
  if (IsPdf(queue)) return PdfArgumentsOf(queue.pdf);
  return handler.arguments;
}

}  // namespace headrace
