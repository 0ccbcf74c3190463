#include "http/caller_check.h"

#include <string>
#include <string_view>

#include "http/message/chars.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

// The token behind "Bearer " (RFC 6750, 2.1), or nothing: another scheme, or two fields.
std::string_view BearerToken(std::string_view field) {
  constexpr std::string_view kScheme = "bearer";
  const std::size_t space = field.find(' ');
  if (space == std::string_view::npos) return {};
  if (!EqualsIgnoreCase(field.substr(0, space), kScheme)) return {};
  const std::size_t begin = field.find_first_not_of(' ', space);
  return begin == std::string_view::npos ? std::string_view() : field.substr(begin);
}

Answer Unauthorized(const char* type, const char* hint, const char* challenge) {
  Answer answer = ProblemAnswer({ErrorCode::kUnauthorized, type, hint, "", 0});
  answer.Add("WWW-Authenticate", challenge);
  return answer;
}

}  // namespace

std::optional<Answer> CheckCaller(const KeyRing* keys, Exchange& exchange) {
  if (keys == nullptr) return std::nullopt;
  const std::string field = exchange.head->List("Authorization");
  const std::string_view token = BearerToken(field);
  if (token.empty()) {  // also of another scheme: no error is named then (RFC 6750, 3.1)
    return Unauthorized("no-key", "this needs a key: send Authorization: Bearer KEY",
                        "Bearer realm=\"headrace\"");
  }
  exchange.caller = keys->Find(token);
  if (exchange.caller != nullptr) return std::nullopt;
  return Unauthorized("wrong-key",
                      "the key in Authorization: Bearer KEY is none that is known here",
                      "Bearer realm=\"headrace\", error=\"invalid_token\"");
}

}  // namespace headrace
