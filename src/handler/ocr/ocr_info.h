#pragma once

#include "handler/ocr/ocr_options.h"
#include "headrace/handler.h"

namespace headrace {

// The handler `ocr` of a queue with these options: its parameters and what they may be. Needs no
// Tesseract.
HandlerInfo OcrHandlerInfo(const OcrOptions& options);

}  // namespace headrace
