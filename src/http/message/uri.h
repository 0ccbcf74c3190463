#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// Decodes %XX once. Nothing on a malformed escape or a NUL. `plus_is_space` as in HTML forms.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

struct QueryParam {
  std::string name;
  std::string value;
};

// "dpi=200&pages=1-3" taken apart and decoded, in order. 400 on malformed escapes, on a parameter
// without a name or on more than 64 of them; 422 on one that is given twice.
Expected<std::vector<QueryParam>> ParseQuery(std::string_view query);

}  // namespace headrace
