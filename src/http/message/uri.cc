#include "http/message/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxParams = 64;

Error BadQuery(const char* hint) {
  return Error{ErrorCode::kInvalidArgument, "malformed-query", hint, "", 0};
}

// The byte that two hexadecimal digits stand for; -1 if they are not two such digits.
int EscapedValue(std::string_view digits) {
  if (digits.size() != 2) return -1;
  const int high = HexValue(digits[0]);
  const int low = HexValue(digits[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int value = EscapedValue(text.substr(i + 1, 2));
      if (value <= 0) return std::nullopt;
      decoded.push_back(static_cast<char>(value));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' && plus_is_space ? ' ' : text[i]);
    }
  }
  return decoded;
}

Expected<std::vector<QueryParam>> ParseQuery(std::string_view query) {
  std::vector<QueryParam> params;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    auto name = PercentDecode(item.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::string()
                                                  : PercentDecode(item.substr(equals + 1), true);
    if (!name || !value) return BadQuery("the query has a malformed percent-escape");
    if (name->empty()) return BadQuery("the query has a parameter without a name");
    if (params.size() == kMaxParams) return BadQuery("the query has too many parameters");
    const bool twice = std::any_of(params.begin(), params.end(),
                                   [&](const QueryParam& param) { return param.name == *name; });
    if (twice) {
      return Error{ErrorCode::kUnprocessable, "bad-parameter",
                   fmt::format("the parameter '{}' is given twice", *name), "", 0};
    }
    params.push_back({std::move(*name), std::move(*value)});
  }
  return params;
}

}  // namespace headrace
