#include "app/queue_handlers.h"

#include "handler/ocr/ocr_info.h"

namespace headrace {
namespace {

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

std::vector<std::string> ExecutorArguments(const QueueConfig& queue) {
  if (IsOcr(queue)) return ToArguments(queue.ocr);
  return {};
}

}  // namespace headrace
