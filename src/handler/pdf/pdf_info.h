#pragma once

#include "headrace/handler.h"

namespace headrace {

// The handler `pdf-to-image`: its parameters and what they may be. Needs no PDFium.
const HandlerInfo& PdfHandlerInfo();

}  // namespace headrace
