#pragma once

#include <string>
#include <vector>

#include "handler/pdf/document.h"

namespace headrace {

// A document's properties and the sizes of these pages as JSON (docs/handlers.md has its members).
// It is valid UTF-8 and valid JSON whatever the document holds. Pages that cannot be loaded have no
// size. Marks the pages' media boxes as those to be drawn: nothing is drawn of the document after
// this.
std::string MetadataJson(const PdfDocument& document, const std::vector<int>& pages);

}  // namespace headrace
