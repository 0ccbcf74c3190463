// headrace-pdf: the executor of the handler `pdf-to-image`. Started by the service only.

#include "handler/executor_main.h"
#include "handler/pdf/pdf_handler.h"

int main(int argc, char** argv) {
  headrace::PdfHandler handler{headrace::PdfLimits{}};
  return headrace::ExecutorMain(argc, argv, handler);
}
