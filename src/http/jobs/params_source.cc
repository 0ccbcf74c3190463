#include "http/jobs/params_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr std::string_view kHeaderPrefix = "Headrace-Param-";
constexpr std::string_view kFormat = "format";

// The index of the choice that a text names, in any case of letters.
std::optional<std::size_t> ChoiceOf(const ParamSpec& spec, std::string_view text) {
  for (std::size_t i = 0; i < spec.choices.size(); ++i) {
    if (EqualsIgnoreCase(spec.choices[i], text)) return i;
  }
  return std::nullopt;
}

}  // namespace

Status ParamsSource::Add(std::string name, std::string value) {
  const auto [at, added] = raw_.params.emplace(std::move(name), std::move(value));
  if (added) return Ok();
  return Error{ErrorCode::kUnprocessable, "bad-parameter",
               fmt::format("the parameter '{}' is given twice", at->first), "", 0};
}

Status ParamsSource::AddQuery(std::string name, std::string value) {
  raw_.query_params.push_back(name);
  return Add(std::move(name), std::move(value));
}

// Field names are case-insensitive; the handler's own spelling of the param counts.
Status ParamsSource::AddHeader(std::string_view name, std::string_view value) {
  if (!StartsWithIgnoreCase(name, kHeaderPrefix)) return Ok();
  name.remove_prefix(kHeaderPrefix.size());
  const auto spec =
      std::find_if(handler_.params.begin(), handler_.params.end(),
                   [&](const ParamSpec& s) { return EqualsIgnoreCase(s.name, name); });
  return Add(spec == handler_.params.end() ? ToLower(name) : spec->name, std::string(value));
}

Status ParamsSource::AddField(std::string name, std::string value) {
  if (value.empty()) return Ok();
  return Add(std::move(name), std::move(value));
}

Status ParamsSource::Negotiate(const Accept& accept) {
  ChooseFormat(accept);
  return CheckAcceptable(accept);
}

const ParamSpec* ParamsSource::FormatSpec() const {
  for (const auto& spec : handler_.params) {
    const bool typed = !spec.choices.empty() && spec.media_types.size() == spec.choices.size();
    if (spec.name == kFormat && spec.type == ParamType::kChoice && typed) return &spec;
  }
  return nullptr;
}

// A named image type is enough to ask for it. Clients that take anything name text/plain as well
// (axios does), so of other types only the one that is preferred to all else counts; JSON never
// does, it is a form that every result can have.
void ParamsSource::ChooseFormat(const Accept& accept) {
  const ParamSpec* spec = FormatSpec();
  if (spec == nullptr || raw_.params.contains(kFormat)) return;
  const auto wanted = [&](std::size_t choice) {
    const std::string& type = spec->media_types[choice];
    if (type == "application/json") return 0;
    return type.starts_with("image/") || accept.Prefers(type) ? accept.ExplicitQuality(type) : 0;
  };
  const auto standard = ChoiceOf(*spec, spec->default_value.value_or(""));
  int best = standard ? wanted(*standard) : 0;
  for (std::size_t i = 0; i < spec->choices.size(); ++i) {
    const int quality = wanted(i);
    if (quality <= best) continue;
    best = quality;
    raw_.params.insert_or_assign(std::string(kFormat), spec->choices[i]);
  }
}

Status ParamsSource::CheckAcceptable(const Accept& accept) const {
  const ParamSpec* spec = FormatSpec();
  if (spec == nullptr) return Ok();
  const auto given = raw_.params.find(kFormat);
  const auto choice = ChoiceOf(
      *spec, given == raw_.params.end() ? spec->default_value.value_or("") : given->second);
  if (!choice) return Ok();  // no such format: the params' check says so
  const std::string& part = spec->media_types[*choice];
  const std::array<std::string_view, 4> offers{part, "application/zip", "application/json",
                                               "multipart/mixed"};
  if (accept.Best(offers)) return Ok();
  return Error{ErrorCode::kNotAcceptable, "not-acceptable",
               fmt::format("the result can be {}, application/zip, application/json or "
                           "multipart/mixed; none of them is accepted",
                           part),
               "", 0};
}

}  // namespace headrace
