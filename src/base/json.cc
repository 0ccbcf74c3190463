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

constexpr int kDeepest = 64;

// False if it is nested too deep.
bool Convert(const nlohmann::json& json, int depth, JsonValue& result) {
  if (depth > kDeepest) return false;
  if (json.is_array()) {
    auto& items = result.value.emplace<JsonValue::Array>();
    return std::all_of(json.begin(), json.end(), [&](const auto& item) {
      return Convert(item, depth + 1, items.emplace_back());
    });
  }
  if (json.is_object()) {
    auto& members = result.value.emplace<JsonValue::Object>();
    const auto& all = json.get_ref<const nlohmann::json::object_t&>();
    return std::all_of(all.begin(), all.end(), [&](const auto& member) {
      members.push_back({member.first, JsonValue{}});
      return Convert(member.second, depth + 1, members.back().value);
    });
  }
  if (json.is_string()) result.value = json.get<std::string>();
  if (json.is_boolean()) result.value = json.get<bool>();
  if (json.is_number_unsigned()) {
    result.value = json.get<std::uint64_t>();
  } else if (json.is_number()) {
    result.value = json.get<double>();
  }
  return true;
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

std::optional<JsonValue> ParseJson(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  JsonValue result;
  if (json.is_discarded() || !Convert(json, 1, result)) return std::nullopt;
  return result;
}

std::optional<std::string> TextMember(std::string_view json, std::string_view name) {
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  const auto member = value.find(std::string(name));
  if (member == value.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

}  // namespace headrace
