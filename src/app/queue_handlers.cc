#include "app/queue_handlers.h"

#include <optional>
#include <utility>

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

// A program that writes no files has one part, its standard output.
std::vector<std::string> ResultTypes(const QueueConfig& queue, const HandlerInfo& registered) {
  const bool once = queue.command.protocol == CommandOptions::Protocol::kOnce;
  if (!queue.RunsCommand() || !once || HasPlace(queue.command, kOutputPlace)) {
    return registered.result_types;
  }
  return {queue.command.output_type};
}

// Nothing where the registry's description is the queue's.
std::optional<HandlerInfo> OwnInfo(const QueueConfig& queue, const HandlerInfo& registered) {
  if (IsOcr(queue)) return OcrHandlerInfo(queue.ocr);
  if (queue.params.empty() && !queue.RunsCommand()) return std::nullopt;
  HandlerInfo info = registered;
  if (!queue.params.empty()) info.params = queue.params;
  info.result_types = ResultTypes(queue, registered);
  return info;
}

}  // namespace

QueueHandlers::QueueHandlers(const Config& config, const HandlerRegistry& handlers) {
  for (const QueueConfig& queue : config.queues) {
    const HandlerInfo& registered = handlers.Find(queue.handler)->info;
    if (auto own = OwnInfo(queue, registered)) {
      own_.push_back(*std::move(own));
      infos_.push_back(&own_.back());
    } else {
      infos_.push_back(&registered);
    }
  }
}

std::vector<std::string> SecretParams(const QueueConfig& queue) {
  std::vector<std::string> names;
  for (const ParamSpec& param : queue.params) {
    if (param.secret) names.push_back(param.name);
  }
  return names;
}

CommandOptions CommandOptionsOf(const Config& config, const Plan& plan, QueueIndex index) {
  const QueueConfig& queue = config.queues.at(index);
  CommandOptions options = queue.command;
  options.scratch_dir = config.spool_dir.empty() ? "/tmp" : config.spool_dir;
  options.memory = plan.executor_memory.at(index);
  options.cpu = queue.isolation.cpu.value_or(kDefaultExecutorCpu);
  options.max_result = config.max_result;
  options.priority = queue.isolation.priority;
  options.sandbox_required = config.sandbox == SandboxMode::kRequired;
  options.secret_params = SecretParams(queue);
  return options;
}

std::vector<std::string> ExecutorArguments(const QueueConfig& queue, const HandlerEntry& handler) {
  if (IsOcr(queue)) return ToArguments(queue.ocr);
  if (IsPdf(queue)) return PdfArgumentsOf(queue.pdf);
  return handler.arguments;
}

}  // namespace headrace
