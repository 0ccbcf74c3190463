#pragma once

#include <string>

namespace headrace {

// The text of config/headrace.yaml: every scalar key, but those of the handlers `ocr` and
// `command`, with its default, what is allowed and what it means; made from the keys' declarations.
std::string SampleFile();

}  // namespace headrace
