#include "http/openapi/openapi_params.h"

#include <fmt/format.h>

#include <utility>

#include "base/words.h"
#include "http/jobs/job_list.h"
#include "http/openapi/openapi_schemas.h"

namespace headrace::openapi {
namespace {

// What admission takes as the value of a text param: a NUL can be in none.
constexpr const char* kTextPattern = "^[^\\u0000]*$";
// A structured field's string, or the bare text of one; http/preferences takes both.
constexpr const char* kKeyPattern = "^(\"[!-~]{1,255}\"|[!#-~][!-~]{0,254})$";

struct HeaderParam {
  const char* name;
  const char* description;
  Json schema;
  const char* example;
};

Json HeaderParameter(const HeaderParam& param) {
  const auto number = ParseNumberAll<int>(param.example);
  return Json::Object({{"name", Text(param.name)},
                       {"in", Text("header")},
                       {"description", Text(param.description)},
                       {"schema", param.schema},
                       {"example", number ? Number(*number) : Text(param.example)}});
}

// RFCs want what cannot be understood in some of these fields to be left out: any text will do.
std::vector<HeaderParam> OfSubmissions() {
  return {
      {"Prefer",
       "RFC 7240: `respond-async` is answered 202 at once, `wait=N` after N seconds if the job has "
       "not ended by then; of a status, `wait=N` waits so long for the end of the job",
       Schema("string"), "respond-async"},
      {"Idempotency-Key",
       "the same key with the same work is the same job, however often it is sent; best a UUID",
       Schema("string", {{"pattern", Text(kKeyPattern)}}), "8e03978e-40d5-43dd-bc93-6894a57f9324"},
      {"Request-Timeout", "the caller's own deadline, in seconds",
       Schema("integer", {{"minimum", Number(1)}, {"maximum", Number(86'400)}}), "30"},
      {"Priority",
       "RFC 9218: urgency from u=0 (the most) to u=7 among the jobs of one tenant; u=3 if it is "
       "not given",
       Schema("string"), "u=1"},
      {"Webhook-Url",
       "who is told of the end of a job that outlives its connection; of a host that the operator "
       "allows",
       Schema("string", {{"format", Text("uri")}, {"maxLength", Number(2048)}}),
       "https://hooks.example.com/headrace"}};
}

std::vector<HeaderParam> OfReads() {
  return {{"traceparent", "W3C Trace Context; the answer's has the same trace id", Schema("string"),
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
          {"tracestate", "W3C Trace Context; passed on to what does the job", Schema("string"),
           "vendor=00f067aa0ba902b7"},
          {"Range", "RFC 9110: one range of bytes of a part that is sent as itself",
           Schema("string"), "bytes=0-1023"},
          {"If-Range", "the ETag of the part that the range is of", Schema("string"),
           "\"01m8jdg3gg2qtj1gksfkb6nc5cv4w300-3610a686-5\""},
          {"If-None-Match", "the ETags that the client has", Schema("string"),
           "\"01m8jdg3gg2qtj1gksfkb6nc5cv4w300-3610a686-5\""},
          {"Last-Event-ID", "the id of the last event that the client has got", Schema("string"),
           "1-1-0"}};
}

Json PathParameter(const char* name, const char* description, Json schema) {
  return Json::Object({{"name", Text(name)},
                       {"in", Text("path")},
                       {"required", Json::Bool(true)},
                       {"description", Text(description)},
                       {"schema", std::move(schema)}});
}

Json QueryParameter(const char* name, const char* description, Json schema) {
  return Json::Object({{"name", Text(name)},
                       {"in", Text("query")},
                       {"description", Text(description)},
                       {"schema", std::move(schema)}});
}

void AddListParameters(Members& all, const std::vector<std::string>& queues) {
  all.emplace_back("list-queue", QueryParameter("queue", "jobs of this queue only", Enum(queues)));
  all.emplace_back("list-state",
                   QueryParameter("state", "jobs in this state only", Enum(StateNames())));
  all.emplace_back("list-limit",
                   QueryParameter("limit", "most jobs in one answer",
                                  Schema("integer", {{"minimum", Number(1)},
                                                     {"maximum", Number(kLargestPage)},
                                                     {"default", Number(kUsualPage)}})));
  all.emplace_back(
      "list-cursor",
      QueryParameter("cursor", "from `next` of the answer before",
                     Schema("string", {{"pattern", Text("^[0-9a-hjkmnp-tv-z]{32}$")}})));
}

Json DefaultOf(const ParamSpec& spec) {
  const std::string& text = *spec.default_value;
  if (spec.type == ParamType::kBoolean) return Json::Bool(text == "true");
  const bool number = spec.type == ParamType::kInteger || spec.type == ParamType::kNumber;
  const auto value = number ? ParseNumberAll<double>(text) : std::nullopt;
  return value ? Number(*value) : Text(text);
}

const char* TypeOf(ParamType type) {
  switch (type) {
    case ParamType::kInteger:
      return "integer";
    case ParamType::kNumber:
      return "number";
    case ParamType::kBoolean:
      return "boolean";
    case ParamType::kChoice:
    case ParamType::kText:
      break;
  }
  return "string";
}

std::string DescriptionOf(const ParamSpec& spec) {
  if (spec.type != ParamType::kText) return spec.description;
  const char* const gap = spec.description.empty() ? "" : "; ";
  return fmt::format("{}{}at most {} bytes", spec.description, gap, spec.max_length);
}

}  // namespace

Json Parameters(const std::vector<std::string>& queues) {
  Members all{
      {"id", PathParameter("id", "a job's id, as `job_id` and Job-Id have it",
                           Schema("string", {{"minLength", Number(1)}}))},
      {"queue", PathParameter("queue", "a queue's name", Enum(queues))},
      {"part", PathParameter("part", "the name of a part of the result, from the job's status",
                             Schema("string", {{"minLength", Number(1)}}))}};
  for (const HeaderParam& param : OfSubmissions()) {
    all.emplace_back(param.name, HeaderParameter(param));
  }
  for (const HeaderParam& param : OfReads()) all.emplace_back(param.name, HeaderParameter(param));
  AddListParameters(all, queues);
  return Json::Object(all);
}

std::vector<Json> ParameterRefs(const std::vector<std::string_view>& names) {
  std::vector<Json> refs;
  refs.reserve(names.size());
  for (const std::string_view name : names) refs.push_back(Ref("parameters", name));
  return refs;
}

Json ParamSchema(const ParamSpec& spec) {
  Members more;
  if (spec.minimum) more.emplace_back("minimum", Number(*spec.minimum));
  if (spec.maximum) more.emplace_back("maximum", Number(*spec.maximum));
  if (spec.type == ParamType::kChoice) more.emplace_back("enum", Texts(spec.choices));
  if (spec.type == ParamType::kText) {
    more.emplace_back("maxLength", Number(static_cast<double>(spec.max_length)));
    more.emplace_back("pattern", Text(kTextPattern));
  }
  if (spec.default_value) more.emplace_back("default", DefaultOf(spec));
  return Schema(TypeOf(spec.type), std::move(more));
}

std::vector<Json> HandlerParameters(const HandlerInfo& handler) {
  std::vector<Json> parameters;
  for (const ParamSpec& spec : handler.params) {
    const std::string name = spec.secret ? "Headrace-Param-" + spec.name : spec.name;
    Members members{{"name", Text(name)},
                    {"in", Text(spec.secret ? "header" : "query")},
                    {"description", Text(DescriptionOf(spec))},
                    {"schema", ParamSchema(spec)}};
    if (!spec.secret) members.emplace_back("allowEmptyValue", Json::Bool(true));
    parameters.push_back(Json::Object(members));
  }
  return parameters;
}

Json FormSchema(const HandlerInfo& handler) {
  const Members file{{"file", Bytes(handler.needs_payload)}};
  Members fields;
  for (const ParamSpec& spec : handler.params) {
    if (spec.name != "file") fields.emplace_back(spec.name, ParamSchema(spec));
  }
  if (handler.needs_payload) return Closed(file, fields);
  fields.insert(fields.begin(), file.begin(), file.end());
  return Closed({}, fields);
}

}  // namespace headrace::openapi
