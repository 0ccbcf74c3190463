#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/handler.h"
#include "http/openapi/openapi_json.h"

namespace headrace::openapi {

// components/parameters: the header fields that requests have, and what stands in paths. The name
// of a queue is one of `queues`.
Json Parameters(const std::vector<std::string>& queues);

// References to some of them, by their names there.
std::vector<Json> ParameterRefs(const std::vector<std::string_view>& names);

// What a handler's jobs may be asked with beside their payload: in the query, and secrets in
// `Headrace-Param-<name>` fields.
std::vector<Json> HandlerParameters(const HandlerInfo& handler);

// A form with the payload as its file and the params as its other fields.
Json FormSchema(const HandlerInfo& handler);

// The values of one param.
Json ParamSchema(const ParamSpec& spec);

}  // namespace headrace::openapi
