#include "base/json.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

std::string Quote(std::string_view value) {
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

}  // namespace headrace
