#include "http/openapi/openapi.h"

#include <fmt/format.h>

#include <span>
#include <utility>
#include <vector>

#include "http/message/gzip.h"
#include "http/message/range.h"
#include "http/openapi/openapi_json.h"
#include "http/openapi/openapi_params.h"
#include "http/openapi/openapi_paths.h"
#include "http/openapi/openapi_responses.h"
#include "http/openapi/openapi_schemas.h"
#include "http/openapi/openapi_webhook.h"
#include "net/sha256.h"

namespace headrace {
namespace {

using openapi::Members;
using openapi::Text;

constexpr const char* kAbout =
    "CPU-heavy jobs behind bounded queues: a queue that is full says 429 and when to come back. "
    "The answer to a job is its result, unless its client asks not to wait for it. Every error is "
    "a "
    "problem (RFC 9457); a method that a path does not have is 405 with `Allow`.";

Json Info() {
  return Json::Object({{"title", Text("headrace")},
                       {"version", Text(HEADRACE_VERSION)},
                       {"description", Text(kAbout)}});
}

Json Tags() {
  const auto tag = [](const char* name, const char* about) {
    return Json::Object({{"name", Text(name)}, {"description", Text(about)}});
  };
  return Json::Array({tag("jobs", "work, its status and its results"),
                      tag("queues", "what takes work, and how full it is"),
                      tag("service", "about the service itself")});
}

Json Components(const JobService& service, const OpenApiOptions& options) {
  std::vector<std::string> queues;
  for (const ServiceQueue& queue : service.queues()) queues.push_back(queue.options.name);
  Members components{{"schemas", openapi::Schemas()},
                     {"parameters", openapi::Parameters(queues)},
                     {"headers", openapi::Headers()},
                     {"responses", openapi::ProblemResponses()}};
  if (options.keys) {
    const Json bearer = Json::Object({{"type", Text("http")},
                                      {"scheme", Text("bearer")},
                                      {"description", Text("a key of the caller's (RFC 6750)")}});
    components.emplace_back("securitySchemes", Json::Object({{"bearer", bearer}}));
  }
  return Json::Object(components);
}

std::string Document(const JobService& service, const OpenApiOptions& options) {
  Members document{{"openapi", Text("3.1.0")}, {"info", Info()}, {"tags", Tags()}};
  if (options.keys) {
    document.emplace_back("security", Json::Array({Json::Object({{"bearer", Json::Array({})}})}));
  }
  document.emplace_back("paths", openapi::Paths(service, options));
  document.emplace_back("webhooks", openapi::Webhooks());
  document.emplace_back("components", Components(service, options));
  return Json::Object(document).Text() + "\n";
}

std::string TagOf(std::string_view text) {
  constexpr std::size_t kEnough = 8;  // bytes
  Sha256 sum;
  sum.Add(text);
  const Sha256Digest digest = sum.Finish();
  return fmt::format("\"{:02x}\"", fmt::join(std::span(digest).first(kEnough), ""));
}

}  // namespace

OpenApi::OpenApi(const JobService& service, OpenApiOptions options) {
  std::string text = Document(service, options);
  tag_ = TagOf(text);
  packed_ = Payload::FromString(Gzip(text));
  text_ = Payload::FromString(std::move(text));
}

// A cache asks each time whether it is still the same: a new configuration is another document.
Answer OpenApi::For(const RequestHead& head) const {
  Answer answer;
  answer.Add("ETag", "W/" + tag_);
  answer.Add("Cache-Control", "no-cache");
  answer.Add("Vary", "Accept-Encoding");
  if (const std::string known = head.List("If-None-Match"); MatchesTag(known, tag_)) {
    answer.status = 304;
    return answer;
  }
  answer.Add("Content-Type", "application/json");
  const bool packed = packed_.size() < text_.size() && AcceptsGzip(head.List("Accept-Encoding"));
  if (packed) answer.Add("Content-Encoding", "gzip");
  answer.pieces.push_back({"", packed ? packed_ : text_});
  return answer;
}

}  // namespace headrace
