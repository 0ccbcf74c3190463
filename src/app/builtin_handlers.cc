#include "app/builtin_handlers.h"

#include "handler/pdf/pdf_info.h"

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
}

}  // namespace headrace
