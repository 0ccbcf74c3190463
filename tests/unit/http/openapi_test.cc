#include "http/openapi/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "http/jobs/job_views.h"
#include "http/openapi/openapi_params.h"
#include "http/service_fixture.h"

namespace headrace {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::string TextOf(const Answer& answer) {
  std::string text;
  for (const AnswerPiece& piece : answer.pieces) {
    const auto bytes = piece.payload.Bytes();
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return text;
}

// What lies at the end of a path of names; null if there is nothing.
const JsonValue* At(const JsonValue& root, const std::vector<std::string>& path) {
  const JsonValue* value = &root;
  for (const std::string& name : path) {
    const auto* const object = value->As<JsonValue::Object>();
    if (object == nullptr) return nullptr;
    const auto found = std::find_if(object->begin(), object->end(),
                                    [&](const auto& member) { return member.name == name; });
    if (found == object->end()) return nullptr;
    value = &found->value;
  }
  return value;
}

std::vector<std::string> NamesOf(const JsonValue* value) {
  std::vector<std::string> names;
  const auto* const object = value == nullptr ? nullptr : value->As<JsonValue::Object>();
  if (object == nullptr) return names;
  for (const auto& member : *object) names.push_back(member.name);
  return names;
}

std::string String(const JsonValue* value) {
  const auto* const text = value == nullptr ? nullptr : value->As<std::string>();
  return text == nullptr ? "" : *text;
}

std::vector<std::string> Strings(const JsonValue* value) {
  std::vector<std::string> texts;
  const auto* const array = value == nullptr ? nullptr : value->As<JsonValue::Array>();
  if (array == nullptr) return texts;
  for (const JsonValue& item : *array) texts.push_back(String(&item));
  return texts;
}

class OpenApiTest : public ServiceFixture {
 protected:
  JsonValue Document(OpenApiOptions options = {}) {
    const auto document = ParseJson(TextOf(OpenApi(*service_, options).For(head_)));
    EXPECT_TRUE(document.has_value());
    return document.value_or(JsonValue{});
  }

  // "in name" of each parameter that an operation has itself or refers to.
  static std::vector<std::string> ParametersOf(const JsonValue& document,
                                               const std::vector<std::string>& operation) {
    std::vector<std::string> parameters;
    auto path = operation;
    path.emplace_back("parameters");
    const JsonValue* const list = At(document, path);
    if (list == nullptr) return parameters;
    for (const JsonValue& item : *list->As<JsonValue::Array>()) {
      const std::string ref = String(At(item, {"$ref"}));
      const JsonValue* const parameter =
          ref.empty() ? &item
                      : At(document, {"components", "parameters", ref.substr(ref.rfind('/') + 1)});
      parameters.push_back(String(At(*parameter, {"in"})) + " " + String(At(*parameter, {"name"})));
    }
    return parameters;
  }

  RequestHead head_;
};

const std::vector<std::string> kEcho{"paths", "/v1/queues/echo/jobs", "post"};
const std::vector<std::string> kPdf{"paths", "/v1/queues/pdf/jobs", "post"};

std::vector<std::string> In(std::vector<std::string> path, const std::vector<std::string>& more) {
  path.insert(path.end(), more.begin(), more.end());
  return path;
}

TEST_F(OpenApiTest, HasEveryPathWithTheMethodsThatItsRouteAllows) {
  const JsonValue document = Document();
  EXPECT_THAT(NamesOf(At(document, {"paths"})),
              UnorderedElementsAre("/", "/openapi.json", "/v1/queues", "/v1/queues/{queue}",
                                   "/v1/queues/echo/jobs", "/put", "/v1/queues/pdf/jobs",
                                   "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/events",
                                   "/v1/jobs/{id}/result", "/v1/jobs/{id}/result/{part}"));
  EXPECT_THAT(NamesOf(At(document, {"paths", "/put"})),
              UnorderedElementsAre("post", "put", "options"));
  EXPECT_THAT(NamesOf(At(document, {"paths", "/v1/jobs/{id}"})),
              UnorderedElementsAre("get", "head", "delete", "options"));
  EXPECT_THAT(NamesOf(At(document, {"paths", "/v1/jobs/{id}/events"})),
              UnorderedElementsAre("get", "options"));
}

TEST_F(OpenApiTest, TellsEachQueuesParamsWhereTheyMayStand) {
  const JsonValue document = Document();
  EXPECT_THAT(ParametersOf(document, kEcho),
              IsSupersetOf({"query parts", "query say", "header Headrace-Param-secret"}));
  EXPECT_THAT(ParametersOf(document, kEcho), Not(Contains("query secret")));
  EXPECT_THAT(ParametersOf(document, kPdf), Contains("query format"));
  EXPECT_THAT(ParametersOf(document, kPdf), Not(Contains("query say")));
}

TEST_F(OpenApiTest, TellsTheFieldsOfAFormBesideItsFile) {
  const JsonValue document = Document();
  const auto form = In(kEcho, {"requestBody", "content", "multipart/form-data", "schema"});
  EXPECT_THAT(NamesOf(At(document, In(form, {"properties"}))),
              UnorderedElementsAre("file", "parts", "say", "secret"));
  EXPECT_TRUE(Strings(At(document, In(form, {"required"}))).empty());
  const auto needed = In(kPdf, {"requestBody", "content", "multipart/form-data", "schema"});
  EXPECT_THAT(Strings(At(document, In(needed, {"required"}))), ElementsAre("file"));
}

TEST_F(OpenApiTest, TellsTheMediaTypesOfPayloadsAndResults) {
  const JsonValue document = Document();
  EXPECT_THAT(NamesOf(At(document, In(kPdf, {"requestBody", "content"}))),
              UnorderedElementsAre("application/pdf", "multipart/form-data"));
  EXPECT_THAT(NamesOf(At(document, In(kPdf, {"responses", "200", "content"}))),
              UnorderedElementsAre("image/png", "image/jpeg", "application/json", "application/zip",
                                   "multipart/mixed"));
  EXPECT_EQ(String(At(document, In(kPdf, {"requestBody", "content", "multipart/form-data",
                                          "encoding", "file", "contentType"}))),
            "application/pdf");
  EXPECT_THAT(NamesOf(At(document, In(kEcho, {"requestBody", "content"}))), Contains("*/*"));
  EXPECT_THAT(NamesOf(At(document, In(kEcho, {"responses", "200", "content"}))), Contains("*/*"));
}

TEST_F(OpenApiTest, TellsTheMediaTypesThatAHandlerDeclares) {
  echo_.result_types = {"text/plain; charset=utf-8"};
  const JsonValue document = Document();
  const auto types = NamesOf(At(document, In(kEcho, {"responses", "200", "content"})));
  EXPECT_THAT(types, Contains("text/plain"));
  EXPECT_THAT(types, Not(Contains("*/*")));
}

TEST_F(OpenApiTest, KnowsOnlyTheConfiguredQueues) {
  const JsonValue document = Document();
  EXPECT_THAT(Strings(At(document, {"components", "parameters", "queue", "schema", "enum"})),
              ElementsAre("echo", "pdf"));
}

TEST_F(OpenApiTest, HasAStatusForEachThingThatCanBeWrongWithAJob) {
  const JsonValue document = Document();
  EXPECT_THAT(
      NamesOf(At(document, In(kEcho, {"responses"}))),
      UnorderedElementsAre("200", "202", "204", "400", "404", "406", "408", "409", "410", "413",
                           "414", "415", "417", "422", "429", "431", "500", "502", "503", "504"));
  EXPECT_THAT(NamesOf(At(document, {"components", "responses", "problem-429", "headers"})),
              Contains("Retry-After"));
}

TEST_F(OpenApiTest, LeadsFromAJobThatIsTakenToAllThatCanBeAskedOfIt) {
  const JsonValue document = Document();
  EXPECT_THAT(NamesOf(At(document, In(kEcho, {"responses", "202", "links"}))),
              UnorderedElementsAre("status", "events", "result", "cancel"));
  EXPECT_EQ(String(At(document, In(kEcho, {"responses", "202", "links", "status", "operationId"}))),
            String(At(document, {"paths", "/v1/jobs/{id}", "get", "operationId"})));
}

// A status with all that can be told of one.
JobStatus FullStatus() {
  JobStatus status;
  status.record.job.id = "job1";
  status.record.job.queue = "echo";
  status.record.job.started = UtcNow();
  status.record.job.last_error = Error{ErrorCode::kHandlerCrashed, "", "", "", 0};
  status.steps = {1, 2};
  return status;
}

// `members` are all in the schema, and have all that it requires.
void ExpectMembers(const openapi::Members& members, const JsonValue& schema) {
  const auto known = NamesOf(At(schema, {"properties"}));
  std::vector<std::string> names;
  for (const auto& [name, value] : members) {
    EXPECT_THAT(known, Contains(name));
    names.push_back(name);
  }
  EXPECT_THAT(names, IsSupersetOf(Strings(At(schema, {"required"}))));
}

TEST_F(OpenApiTest, KnowsAllThatIsToldOfAJobAlsoByWebhooks) {
  const JsonValue document = Document();
  const JsonValue* const job = At(document, {"components", "schemas", "Job"});
  const JsonValue* const ended =
      At(document, {"components", "schemas", "JobEnded", "properties", "data"});
  ASSERT_TRUE(job != nullptr && ended != nullptr);
  JobStatus status = FullStatus();
  ExpectMembers(JobMembers(status, *service_), *job);
  status.record.end.emplace();
  status.record.end->outcome.error = Error{};
  status.record.end->outcome.timings.peak_memory = 1;
  for (const JobState state : {JobState::kSucceeded, JobState::kFailed}) {
    status.record.state = state;
    ExpectMembers(JobMembers(status, *service_), *job);
    ExpectMembers(JobMembers(status, *service_), *ended);
  }
  EXPECT_NE(At(document, {"webhooks", "jobEnded", "post", "requestBody"}), nullptr);
}

TEST_F(OpenApiTest, SaysNothingOfWaitingWhereNobodyMayLeave) {
  OpenApiOptions options;
  options.async = false;
  const JsonValue document = Document(options);
  EXPECT_EQ(At(document, In(kEcho, {"responses", "202"})), nullptr);
  EXPECT_THAT(ParametersOf(document, kEcho), Not(Contains("header Prefer")));
}

TEST_F(OpenApiTest, AsksForNoKeyWhereNoneIsNeeded) {
  const JsonValue document = Document();
  EXPECT_EQ(At(document, {"security"}), nullptr);
  EXPECT_EQ(At(document, {"components", "securitySchemes"}), nullptr);
  EXPECT_EQ(At(document, In(kEcho, {"responses", "401"})), nullptr);
}

TEST_F(OpenApiTest, AsksForAKeyButForThePageAndForMethods) {
  OpenApiOptions options;
  options.keys = true;
  const JsonValue document = Document(options);
  EXPECT_EQ(String(At(document, {"components", "securitySchemes", "bearer", "scheme"})), "bearer");
  EXPECT_NE(At(document, {"security"}), nullptr);
  EXPECT_NE(At(document, In(kEcho, {"responses", "401"})), nullptr);
  EXPECT_NE(At(document, {"paths", "/openapi.json", "get", "responses", "401"}), nullptr);
  EXPECT_NE(At(document, {"paths", "/", "get", "security"}), nullptr);  // only its JSON needs one
  const JsonValue* const none = At(document, {"paths", "/put", "options", "security"});
  ASSERT_NE(none, nullptr);
  EXPECT_TRUE(none->As<JsonValue::Array>()->empty());
  EXPECT_EQ(At(document, {"paths", "/put", "options", "responses", "401"}), nullptr);
}

TEST_F(OpenApiTest, SaysWhereJobsAreListed) {
  OpenApiOptions options;
  const JsonValue document = Document(options);
  const std::vector<std::string> list{"paths", "/v1/jobs", "get"};
  EXPECT_THAT(ParametersOf(document, list),
              IsSupersetOf({"query queue", "query state", "query limit", "query cursor"}));
  EXPECT_NE(At(document, In(list, {"responses", "403"})), nullptr);
  EXPECT_NE(At(document, {"components", "schemas", "JobList"}), nullptr);
  options.keys = true;
  EXPECT_EQ(At(Document(options), In(list, {"responses", "403"})), nullptr);
}

TEST_F(OpenApiTest, HasNoTwoOperationsOfOneName) {
  const JsonValue document = Document();
  std::vector<std::string> names;
  for (const auto& path : *At(document, {"paths"})->As<JsonValue::Object>()) {
    for (const auto& method : *path.value.As<JsonValue::Object>()) {
      names.push_back(String(At(method.value, {"operationId"})));
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_THAT(names, IsSupersetOf({"getJob", "getEvents", "getResult", "deleteJob"}));  // of links
}

TEST_F(OpenApiTest, IsNotSentToThoseWhoHaveIt) {
  const OpenApi document(*service_);
  const std::string fields = document.For(head_).fields;
  EXPECT_THAT(fields, HasSubstr("Cache-Control: no-cache\r\n"));
  const auto tag = fields.find("ETag: ") + 6;
  const std::string etag = fields.substr(tag, fields.find('\r', tag) - tag);
  EXPECT_THAT(etag, StartsWith("W/\""));
  head_.fields = {{"If-None-Match", etag}};
  const Answer again = document.For(head_);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.BodySize(), 0U);
  head_.fields = {{"If-None-Match", "\"other\""}};
  EXPECT_EQ(document.For(head_).status, 200);
}

TEST_F(OpenApiTest, IsPackedForThoseWhoTakeThat) {
  const OpenApi document(*service_);
  head_.fields = {{"Accept-Encoding", "gzip"}};
  const Answer packed = document.For(head_);
  EXPECT_THAT(packed.fields, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(TextOf(packed), StartsWith("\x1f\x8b"));
  head_.fields.clear();
  const Answer plain = document.For(head_);
  EXPECT_THAT(plain.fields, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(plain.fields, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_LT(packed.BodySize(), plain.BodySize() / 2);
}

TEST(OpenApiParam, IsOfItsTypeWithItsRangeAndDefault) {
  ParamSpec spec;
  spec.name = "dpi";
  spec.type = ParamType::kInteger;
  spec.minimum = 10;
  spec.maximum = 600;
  spec.default_value = "150";
  EXPECT_EQ(openapi::ParamSchema(spec).Text(),
            R"({"type":"integer","minimum":10,"maximum":600,"default":150})");
  spec.type = ParamType::kNumber;
  spec.minimum = -0.5;
  EXPECT_EQ(openapi::ParamSchema(spec).Text(),
            R"({"type":"number","minimum":-0.5,"maximum":600,"default":150})");
}

TEST(OpenApiParam, IsOneOfItsChoicesATruthOrATextOfSomeLength) {
  ParamSpec spec;
  spec.type = ParamType::kChoice;
  spec.choices = {"cpu", "sleep"};
  spec.default_value = "cpu";
  EXPECT_EQ(openapi::ParamSchema(spec).Text(),
            R"({"type":"string","enum":["cpu","sleep"],"default":"cpu"})");
  spec = {};
  spec.type = ParamType::kBoolean;
  spec.default_value = "true";
  EXPECT_EQ(openapi::ParamSchema(spec).Text(), R"({"type":"boolean","default":true})");
  spec = {};
  spec.max_length = 20;
  EXPECT_EQ(openapi::ParamSchema(spec).Text(),
            R"({"type":"string","maxLength":20,"pattern":"^[^\\u0000]*$"})");
}

}  // namespace
}  // namespace headrace
