#include "http/openapi/openapi_webhook.h"

#include <string_view>
#include <utility>

namespace headrace::openapi {
namespace {

Json Field(std::string_view name, std::string_view description, Json schema) {
  return Json::Object({{"name", Text(name)},
                       {"in", Text("header")},
                       {"required", Json::Bool(true)},
                       {"description", Text(description)},
                       {"schema", std::move(schema)}});
}

Json Fields() {
  return Json::Array(
      {Field("webhook-id", "the job's, in each attempt: those that are known can be passed over",
             Schema("string")),
       Field("webhook-timestamp", "of the attempt, in seconds since 1970", Schema("integer")),
       Field("webhook-signature", "`v1,` and HMAC-SHA-256 in base64, one for each secret",
             Schema("string", {{"pattern", Text("^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$")}}))});
}

Json Answer(std::string_view description) {
  return Json::Object({{"description", Text(description)}});
}

}  // namespace

Json Webhooks() {
  const Json body = Json::Object(
      {{"required", Json::Bool(true)},
       {"content", Json::Object({{"application/json",
                                  Json::Object({{"schema", Ref("schemas", "JobEnded")}})}})}});
  const Json responses = Json::Object({{"2XX", Answer("the receiver has it")},
                                       {"410", Answer("it is given up at once")},
                                       {"default", Answer("it is sent again later")}});
  const Json post = Json::Object(
      {{"operationId", Text("jobEnded")},
       {"tags", Texts({"jobs"})},
       {"summary", Text("the end of a job, to the URL of its Webhook-Url or of its queue")},
       {"description", Text("Signed as Standard Webhooks has it, and sent at least once.")},
       {"security", Json::Array({})},
       {"parameters", Fields()},
       {"requestBody", body},
       {"responses", responses}});
  return Json::Object({{"jobEnded", Json::Object({{"post", post}})}});
}

}  // namespace headrace::openapi
