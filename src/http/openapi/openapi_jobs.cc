// The operations that take work and give results: their media types are those of the handlers.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "http/openapi/openapi_operations.h"
#include "http/openapi/openapi_params.h"

namespace headrace::openapi {
namespace {

using Code = ErrorCode;

constexpr const char* kAny = "*/*";
constexpr const char* kJson = "application/json";

Json Anything() { return Json::Object({}); }

std::string Essence(const std::string& media_type) {
  return media_type.substr(0, media_type.find_first_of("; "));
}

// The media types that parts of results have; nothing where that is not known.
std::set<std::string> PartTypes(const std::vector<const HandlerInfo*>& handlers) {
  std::set<std::string> all;
  for (const HandlerInfo* const handler : handlers) {
    std::set<std::string> types;
    for (const std::string& type : handler->result_types) types.insert(Essence(type));
    for (const ParamSpec& spec : handler->params) {
      for (const std::string& type : spec.media_types) types.insert(Essence(type));
    }
    if (types.empty()) return {};
    all.merge(types);
  }
  return all;
}

// A part as itself.
Members PartContent(const std::set<std::string>& types) {
  Members content;
  for (const std::string& type : types) {
    content.emplace_back(type, type == kJson ? Anything() : Bytes());
  }
  if (types.empty()) content.emplace_back(kAny, Anything());
  return content;
}

// Every form that a result may have. One that is JSON may be a part that is JSON, too.
Members ResultContent(const std::set<std::string>& types) {
  const bool json_part = types.empty() || types.contains(kJson);
  const Json result = Ref("schemas", "Result");
  const Json json =
      json_part ? Json::Object({{"anyOf", Json::Array({result, Anything()})}}) : result;
  Members content{{kJson, json}, {"application/zip", Bytes()}, {"multipart/mixed", Bytes()}};
  for (auto& [type, schema] : PartContent(types)) {
    if (type != kJson) content.emplace_back(type, schema);
  }
  return content;
}

Reply Taken() {
  return {202,
          "the job is taken and goes on",
          {"Location", "Preference-Applied", "Job-Id", "Cache-Control", "traceparent"},
          {{kJson, Ref("schemas", "Job")}},
          {{"status", JobLink("getJob", "how it is")},
           {"events", JobLink("getEvents", "its changes as they come")},
           {"result", JobLink("getResult", "its result, once it has succeeded")},
           {"cancel", JobLink("deleteJob", "it is not wanted any more")}}};
}

const std::vector<std::string_view>& ResultHeaders() {
  static const std::vector<std::string_view> kHeaders{
      "Job-Id",      "Server-Timing-if-any",   "Content-Disposition",
      "traceparent", "X-Content-Type-Options", "Content-Security-Policy"};
  return kHeaders;
}

Reply Whole(Members content, std::vector<std::string_view> more = {}) {
  Reply reply{200, "the result", ResultHeaders(), std::move(content)};
  reply.headers.insert(reply.headers.end(), more.begin(), more.end());
  return reply;
}

Reply NoParts() {
  return {204, "the result has no part", {"Job-Id", "Server-Timing-if-any", "traceparent"}};
}

// The payload raw, or as the file of a form.
Json Payload(const HandlerInfo& handler) {
  const Json bytes = Json::Object({{"schema", Bytes(handler.needs_payload)}});
  Members content;
  for (const std::string& type : handler.media_types) content.emplace_back(type, bytes);
  if (content.empty()) content.emplace_back(kAny, bytes);
  Members form{{"schema", FormSchema(handler)}};
  if (!handler.media_types.empty()) {
    const std::string types = fmt::format("{}", fmt::join(handler.media_types, ", "));
    const Json file = Json::Object({{"contentType", Text(types)}});
    form.emplace_back("encoding", Json::Object({{"file", file}}));
  }
  content.emplace_back("multipart/form-data", Json::Object(form));
  return Json::Object({{"required", Json::Bool(handler.needs_payload)},
                       {"description", Text("the payload; it must not be compressed")},
                       {"content", Json::Object(content)}});
}

// What kept results are beside those of submissions: conditions and ranges of single parts.
void AddRanges(Operation& operation, const Members& content, bool ranges) {
  operation.parameters.push_back(Ref("parameters", "If-None-Match"));
  operation.replies.push_back(
      {304, "the client has it", {"ETag", "Cache-Control", "Job-Id", "traceparent"}});
  if (!ranges) return;
  for (Json& range : ParameterRefs({"Range", "If-Range"})) operation.parameters.push_back(range);
  Reply part = Whole(content, {"ETag", "Cache-Control", "Accept-Ranges", "Content-Range"});
  part.status = 206;
  part.description = "a range of the part's bytes";
  operation.replies.push_back(std::move(part));
  operation.problems.push_back(Code::kRangeNotSatisfiable);
}

Operation KeptResult(std::string summary, const std::vector<std::string_view>& parameters) {
  Operation kept;
  kept.tag = "jobs";
  kept.summary = std::move(summary);
  kept.parameters = ParameterRefs(parameters);
  kept.problems = {Code::kNotFound,        Code::kConflict, Code::kGone,       Code::kUnprocessable,
                   Code::kPayloadTooLarge, Code::kInternal, Code::kUnavailable};
  return kept;
}

}  // namespace

Operation SubmitOperation(const std::string& queue, const HandlerInfo& handler, bool async) {
  Operation submit;
  submit.tag = "jobs";
  submit.summary = "a job of queue " + queue;
  submit.description = handler.description +
                       ". Parameters are query parameters, fields of a form or "
                       "`Headrace-Param-<name>` fields; the same one twice is an error, an empty "
                       "one counts as not given. Secret ones are refused in the query.";
  submit.parameters = HandlerParameters(handler);
  std::vector<std::string_view> fields{"Idempotency-Key", "Request-Timeout", "Priority",
                                       "Webhook-Url",     "traceparent",     "tracestate"};
  if (async) fields.insert(fields.begin(), "Prefer");
  for (Json& field : ParameterRefs(fields)) submit.parameters.push_back(std::move(field));
  submit.body = Payload(handler);
  submit.replies = {Whole(ResultContent(PartTypes({&handler}))), NoParts()};
  if (async) submit.replies.push_back(Taken());
  submit.problems = {Code::kNotFound,       Code::kNotAcceptable,   Code::kConflict,
                     Code::kGone,           Code::kPayloadTooLarge, Code::kUnsupportedMediaType,
                     Code::kUnprocessable,  Code::kOverloaded,      Code::kInternal,
                     Code::kHandlerCrashed, Code::kUnavailable,     Code::kDeadlineExceeded};
  return submit;
}

Operation ResultOperation(const std::vector<const HandlerInfo*>& handlers, bool ranges) {
  const std::set<std::string> types = PartTypes(handlers);
  Operation result = KeptResult("the result of a job", {"id", "traceparent"});
  result.description = "In the form that `Accept` chooses, as after the job.";
  result.replies = {
      Whole(ResultContent(types), {"ETag-if-any", "Cache-Control", "Vary", "Accept-Ranges-if-any"}),
      NoParts()};
  result.problems.push_back(Code::kNotAcceptable);
  result.problems.push_back(Code::kHandlerCrashed);
  AddRanges(result, PartContent(types), ranges);
  return result;
}

Operation PartOperation(const std::vector<const HandlerInfo*>& handlers, bool ranges) {
  const Members content = PartContent(PartTypes(handlers));
  Operation part = KeptResult("one part of the result of a job", {"id", "part", "traceparent"});
  part.replies = {Whole(content, {"ETag", "Cache-Control", "Accept-Ranges"})};
  AddRanges(part, content, ranges);
  return part;
}

}  // namespace headrace::openapi
