#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "headrace/handler.h"

namespace headrace {

// All names and values of a job together; a frame to an executor must hold them.
inline constexpr std::size_t kMaxParamBytes = 8192;

// Checks what a client sent against the handler's specification. `raw` holds the values as sent,
// decoded once; `query_names` those which came in the query string, where secrets are refused. An
// empty value counts as not given, as HTML forms send one for each field that was left alone. On
// success: canonical texts ("007" -> "7", "on" -> "true", choices as declared), defaults filled in.
// Otherwise 422 "invalid-params", whose hint names every bad parameter and what is allowed. Values
// of secrets appear nowhere. Thread-safe.
Expected<Params> ValidateParams(const HandlerInfo& handler, const Params& raw,
                                const std::vector<std::string>& query_names);

// The same for params of which more are to come (in a form): each by itself, without the handler's
// own check of all together.
Status CheckParams(const HandlerInfo& handler, const Params& raw,
                   const std::vector<std::string>& query_names);

}  // namespace headrace
