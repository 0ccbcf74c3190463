#include "app/builtin_handlers.h"

#include "handler/command/command_info.h"
#include "handler/ocr/ocr_info.h"
#include "handler/pdf/pdf_info.h"
#include "handler/upstream/upstream_options.h"

namespace headrace {

BuiltinHandlers::BuiltinHandlers() {
  HandlerEntry simulate;
  simulate.info = SimulateInfo();
  simulate.in_thread = &simulate_;
  registry_.Add(std::move(simulate));

  HandlerEntry pdf;
  pdf.info = PdfHandlerInfo();
  pdf.executor = "headrace-pdf";
  registry_.Add(std::move(pdf));

  HandlerEntry http;
  http.info = UpstreamInfo();
  http.forwards = true;
  registry_.Add(std::move(http));

  HandlerEntry ocr;
  ocr.info = OcrHandlerInfo(OcrOptions{});  // each queue has one of its own, see QueueHandlers
  ocr.executor = "headrace-ocr";
  registry_.Add(std::move(ocr));

  HandlerEntry command;
  command.info = CommandInfo({});  // as with ocr
  command.executor = "headrace-command";
  registry_.Add(std::move(command));
}

}  // namespace headrace
