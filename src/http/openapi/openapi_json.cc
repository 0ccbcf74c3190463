#include "http/openapi/openapi_json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <utility>

namespace headrace::openapi {

Json Text(std::string_view text) { return Json::String(text); }

Json Number(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const bool whole = value >= 0 && value <= kExact && std::floor(value) == value;
  return whole ? Json::Number(static_cast<std::uint64_t>(value)) : Json::Number(value);
}

Json Texts(const std::vector<std::string>& texts) {
  std::vector<Json> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(Text(text));
  return Json::Array(items);
}

Json Ref(std::string_view section, std::string_view name) {
  return Json::Object({{"$ref", Text(fmt::format("#/components/{}/{}", section, name))}});
}

Json Schema(std::string_view type, Members more) {
  more.emplace(more.begin(), "type", Text(type));
  return Json::Object(more);
}

Json Enum(const std::vector<std::string>& values) {
  return Schema("string", {{"enum", Texts(values)}});
}

Json ListOf(Json items) { return Schema("array", {{"items", std::move(items)}}); }

Json Bytes(bool some) {
  Members more{{"format", Text("binary")}};
  if (some) more.emplace_back("minLength", Number(1));
  return Schema("string", std::move(more));
}

Json Closed(const Members& required, const Members& optional) {
  std::vector<std::string> names;
  for (const auto& [name, schema] : required) names.push_back(name);
  Members all = required;
  all.insert(all.end(), optional.begin(), optional.end());
  Members more{{"properties", Json::Object(all)}, {"additionalProperties", Json::Bool(false)}};
  if (!names.empty()) more.emplace_back("required", Texts(names));
  return Schema("object", std::move(more));
}

}  // namespace headrace::openapi
