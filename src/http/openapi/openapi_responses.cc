#include "http/openapi/openapi_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "http/message/answer.h"
#include "http/message/problem.h"
#include "http/message/problem_types.h"

namespace headrace::openapi {
namespace {

struct HeaderField {
  const char* name;  // in components/headers; the field's without "-if-any"
  const char* description;
  Json schema;
};

constexpr std::string_view kIfAny = "-if-any";

std::string_view FieldOf(std::string_view name) {
  return name.ends_with(kIfAny) ? name.substr(0, name.size() - kIfAny.size()) : name;
}

Json Pattern(const char* pattern) { return Schema("string", {{"pattern", Text(pattern)}}); }
Json Tag() { return Pattern("^(W/)?\"[!-~]*\"$"); }

std::vector<HeaderField> OfJobs() {
  const Json job_id = Schema("string", {{"minLength", Number(1)}});
  const Json trace = Pattern("^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$");
  const Json timing = Pattern("^queue;dur=[0-9.]+, run;dur=[0-9.]+");
  const Json seconds = Schema("integer", {{"minimum", Number(1)}});
  return {
      {"Job-Id", "the job", job_id},
      {"Job-Id-if-any", "the job, where there is one", job_id},
      {"Server-Timing-if-any",
       "milliseconds that the job waited and ran, its CPU time, its peak of memory in bytes; in "
       "the trailer of an answer that came as it was made",
       timing},
      {"traceparent", "W3C Trace Context, with the trace id of the request", trace},
      {"traceparent-if-any", "as far as the request could be read", trace},
      {"Retry-After", "seconds after which to come back", seconds},
      {"Retry-After-if-any", "seconds after which to come back", seconds},
      {"Location", "where the job's status is",
       Schema("string", {{"format", Text("uri-reference")}})},
      {"Preference-Applied", "what was understood of Prefer (RFC 7240)",
       Pattern("^(respond-async|wait=[0-9]+)$")}};
}

std::vector<HeaderField> OfContent() {
  return {{"Content-Disposition", "the name of the part or of the whole", Schema("string")},
          {"X-Content-Type-Options", "the type is what it says", Enum({"nosniff"})},
          {"Content-Security-Policy", "nothing in it may run", Schema("string")},
          {"ETag", "of this version of it", Tag()},
          {"ETag-if-any", "of a part that is sent as itself", Tag()},
          {"Accept-Ranges", "parts of it can be had", Enum({"bytes"})},
          {"Accept-Ranges-if-any", "of a part that is sent as itself", Enum({"bytes"})},
          {"Content-Range", "which bytes these are, or how many there are",
           Pattern("^bytes ([0-9]+-[0-9]+|\\*)/[0-9]+$")},
          {"Cache-Control", "how long it may be used", Schema("string")},
          {"Vary", "what the answer depends on", Schema("string")},
          {"Allow", "the methods of this path", Schema("string")},
          {"WWW-Authenticate", "how to show a key (RFC 6750)", Pattern("^Bearer ")}};
}

struct ProblemOf {
  std::string title;
  std::vector<std::string> types;
  bool open = false;  // handlers may have others
};

std::map<int, ProblemOf> AllProblems() {
  std::map<int, ProblemOf> all;
  for (const auto& [code, type] : KnownProblems()) {
    ProblemOf& problem = all[StatusOf(code)];
    problem.title = ReasonPhrase(StatusOf(code));
    problem.types.push_back(std::string("/problems/") + type);
    problem.open = HandlersName(code);
  }
  return all;
}

// The general schema, narrowed to what this status can be.
Json ProblemSchemaOf(int status, const ProblemOf& problem) {
  Json types = Json::Object({{"enum", Texts(problem.types)}});
  if (problem.open) {
    const Json other = Schema("string", {{"description", Text("as a handler has named it")}});
    types = Json::Object({{"anyOf", Json::Array({types, other})}});
  }
  const Json narrowed = Json::Object(
      {{"properties",
        Json::Object({{"type", types}, {"status", Json::Object({{"const", Number(status)}})}})}});
  return Json::Object({{"allOf", Json::Array({Ref("schemas", "Problem"), narrowed})}});
}

// Of what can be wrong before there is a job, and after.
std::vector<std::string_view> HeadersOf(int status) {
  std::vector<std::string_view> headers{"traceparent-if-any"};
  const bool after = status >= 500 || status == 406 || status == 409 || status == 410 ||
                     status == 416 || status == 422;
  if (after) headers.insert(headers.end(), {"Job-Id-if-any", "Server-Timing-if-any"});
  if (status == 401) headers.emplace_back("WWW-Authenticate");
  if (status == 409 || status == 503) headers.emplace_back("Retry-After-if-any");
  if (status == 416) headers.emplace_back("Content-Range");
  if (status == 429) headers.emplace_back("Retry-After");
  return headers;
}

Json ReplyJson(const Reply& reply) {
  Members headers;
  for (const std::string_view name : reply.headers) {
    headers.emplace_back(FieldOf(name), Ref("headers", name));
  }
  Members members{{"description", Text(reply.description)}};
  if (!headers.empty()) members.emplace_back("headers", Json::Object(headers));
  if (!reply.content.empty()) {
    Members content;
    for (const auto& [type, schema] : reply.content) {
      content.emplace_back(type, Json::Object({{"schema", schema}}));
    }
    members.emplace_back("content", Json::Object(content));
  }
  if (!reply.links.empty()) members.emplace_back("links", Json::Object(reply.links));
  return Json::Object(members);
}

Json ProblemJson(int status, const ProblemOf& problem) {
  return ReplyJson({status,
                    problem.title,
                    HeadersOf(status),
                    {{"application/problem+json", ProblemSchemaOf(status, problem)}}});
}

std::string NameOf(int status) { return fmt::format("problem-{}", status); }

}  // namespace

Json JobLink(std::string_view operation, std::string_view description, Members more) {
  more.emplace(more.begin(), "id", Text("$response.header.Job-Id"));
  return Json::Object({{"operationId", Text(operation)},
                       {"description", Text(description)},
                       {"parameters", Json::Object(more)}});
}

Json Headers() {
  std::vector<HeaderField> fields = OfJobs();
  for (HeaderField& field : OfContent()) fields.push_back(std::move(field));
  Members headers;
  for (const HeaderField& field : fields) {
    const bool always = !std::string_view(field.name).ends_with(kIfAny);
    headers.emplace_back(field.name, Json::Object({{"description", Text(field.description)},
                                                   {"required", Json::Bool(always)},
                                                   {"schema", field.schema}}));
  }
  return Json::Object(headers);
}

Json ProblemResponses() {
  Members responses;
  for (const auto& [status, problem] : AllProblems()) {
    responses.emplace_back(NameOf(status), ProblemJson(status, problem));
  }
  return Json::Object(responses);
}

std::vector<int> StatusesOf(const std::vector<ErrorCode>& codes) {
  std::vector<int> statuses;
  for (const ErrorCode code : codes) {
    const int status = StatusOf(code);
    if (std::find(statuses.begin(), statuses.end(), status) == statuses.end()) {
      statuses.push_back(status);
    }
  }
  return statuses;
}

Json Responses(const std::vector<Reply>& replies, const std::vector<int>& problems) {
  std::map<int, Json> all;
  for (const Reply& reply : replies) all.emplace(reply.status, ReplyJson(reply));
  for (const int status : problems) all.emplace(status, Ref("responses", NameOf(status)));
  Members responses;
  for (const auto& [status, response] : all) {
    responses.emplace_back(std::to_string(status), response);
  }
  return Json::Object(responses);
}

}  // namespace headrace::openapi
