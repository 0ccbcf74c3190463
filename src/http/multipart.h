#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

struct FormPart {
  std::string name;        // of the form's field
  bool is_file = false;    // it came with a file name, which is never used for anything else
  std::size_t offset = 0;  // its bytes are body[offset, offset + length)
  std::size_t length = 0;
};

// Takes a multipart/form-data body (RFC 7578) apart without copying it. Limits: 16 parts, 16 KiB of
// headers per part, a boundary of 1 to 70 characters. 400 on anything malformed, 413 beyond a
// limit.
Expected<std::vector<FormPart>> ParseMultipart(std::string_view content_type,
                                               std::string_view body);

// Whether a Content-Type field says multipart/form-data.
bool IsMultipartForm(std::string_view content_type);

}  // namespace headrace
