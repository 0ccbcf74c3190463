#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/openapi/openapi_json.h"

namespace headrace::openapi {

// An answer that is no problem.
struct Reply {
  int status = 200;
  std::string description;
  std::vector<std::string_view> headers{};  // by their names in components/headers
  Members content{};                        // media type -> its schema; empty: no body
  Members links{};                          // what can be asked for with what it tells
};

// A link to an operation on the job that the answer is about, which takes `more` parameters.
Json JobLink(std::string_view operation, std::string_view description, Members more = {});

// components/headers. A name that ends in "-if-any" is of a field that may be missing.
Json Headers();

// components/responses: a problem for each status, with the types that it can have.
Json ProblemResponses();

// The statuses of these errors, each once.
std::vector<int> StatusesOf(const std::vector<ErrorCode>& codes);

// The `responses` of an operation: its replies, and problems of these statuses. Those of HEAD say
// what GET's have, whose fields it tells (RFC 9110, 9.3.2).
Json Responses(const std::vector<Reply>& replies, const std::vector<int>& problems);

}  // namespace headrace::openapi
