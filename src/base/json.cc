#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace headrace {
namespace {

// Most texts need no escapes; the library costs ten times as much.
bool IsPlain(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

std::string Quote(std::string_view value) {
  if (IsPlain(value)) return '"' + std::string(value) + '"';
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Json Json::String(std::string_view value) { return Json(Quote(value)); }

Json Json::Number(double value) {
  return Json(std::isfinite(value) ? nlohmann::json(value).dump() : std::string("null"));
}

Json Json::Number(std::uint64_t value) { return Json(std::to_string(value)); }

Json Json::Bool(bool value) { return Json(std::string(value ? "true" : "false")); }

Json Json::Array(const std::vector<Json>& items) {
  std::string text = "[";
  for (const Json& item : items) {
    if (text.size() > 1) text += ',';
    text += item.text_;
  }
  return Json(text + ']');
}

Json Json::Object(const std::vector<std::pair<std::string, Json>>& members) {
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (text.size() > 1) text += ',';
    text += Quote(name) + ':' + value.text_;
  }
  return Json(text + '}');
}

std::optional<std::string> TextMember(std::string_view json, std::string_view name) {
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  const auto member = value.find(std::string(name));
  if (member == value.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

}  // namespace headrace
