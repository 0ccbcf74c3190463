#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

// The JSON of an OpenAPI document, for the files that make it.
namespace headrace::openapi {

using Members = std::vector<std::pair<std::string, Json>>;

Json Text(std::string_view text);
Json Number(double value);  // whole ones without a fraction
Json Texts(const std::vector<std::string>& texts);

// {"$ref": "#/components/SECTION/NAME"}
Json Ref(std::string_view section, std::string_view name);

// A schema of that type, with what else is to be said of it.
Json Schema(std::string_view type, Members more = {});
Json Enum(const std::vector<std::string>& values);
Json ListOf(Json items);
Json Bytes(bool some = false);  // of any media type but JSON; `some`: at least one

// A JSON object that has no other members than these; `optional` ones may be missing.
Json Closed(const Members& required, const Members& optional = {});

}  // namespace headrace::openapi
