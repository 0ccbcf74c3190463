#include "http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/chars.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxParams = 64;

Error BadQuery(const char* hint) {
  return Error{ErrorCode::kInvalidArgument, "malformed-query", hint, "", 0};
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
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
