#include "http/openapi/openapi_schemas.h"

#include <string_view>
#include <utility>

#include "base/outcome.h"
#include "engine/job_store.h"
#include "handler/executor_figures.h"

namespace headrace::openapi {
namespace {

// A schema with a sentence about it.
Json Told(std::string_view type, std::string_view description, Members more = {}) {
  more.emplace_back("description", Text(description));
  return Schema(type, std::move(more));
}

Json Count(std::string_view description) {
  return Told("integer", description, {{"minimum", Number(0)}});
}
Json Amount(std::string_view description) {
  return Told("number", description, {{"minimum", Number(0)}});
}
Json Time(std::string_view description) {
  return Told("string", description, {{"format", Text("date-time")}});
}
Json Link(std::string_view description) {
  return Told("string", description, {{"format", Text("uri-reference")}});
}

Json ProblemUri() {
  return Told("string", "what kind of problem it is, for programs; stable",
              {{"pattern", Text("^/problems/[a-z0-9-]+$")}, {"format", Text("uri-reference")}});
}

Json StatusCode() {
  return Schema("integer", {{"minimum", Number(400)}, {"maximum", Number(599)}});
}

Json ProblemSchema() {
  return Closed({{"type", ProblemUri()},
                 {"title", Told("string", "the phrase of the status")},
                 {"status", StatusCode()}},
                {{"detail", Told("string", "what is wrong and what to do, for people")},
                 {"job_id", Told("string", "the job, where there is one")}});
}

Json JobErrorSchema() {
  return Closed({{"type", ProblemUri()},
                 {"status", StatusCode()},
                 {"detail", Told("string", "why the job or its attempt failed, for people")}});
}

Json PartSchema() {
  return Closed({{"name", Told("string", "its name, as a file would have it")},
                 {"media_type", Schema("string")},
                 {"size", Count("in bytes")},
                 {"href", Link("where it is")}});
}

// Of the form of a result that is JSON: not all of its bytes may be there.
Json ResultSchema() {
  const Json part = Closed({{"name", Told("string", "its name, as a file would have it")},
                            {"media_type", Schema("string")},
                            {"size", Count("in bytes")}},
                           {{"base64", Told("string", "its bytes, up to 1 MiB, 8 MiB in all",
                                            {{"contentEncoding", Text("base64")}})}});
  return Closed({{"job_id", Schema("string")},
                 {"queue", Schema("string")},
                 {"state", Enum({ToString(JobState::kSucceeded)})},
                 {"wait_ms", Amount("from acceptance to the start, in milliseconds")},
                 {"run_ms", Amount("from the start to the end, in milliseconds")},
                 {"parts", ListOf(part)}});
}

Json DurabilitySchema() {
  std::vector<std::string> names;
  for (const auto kept : {Durability::kProcess, Durability::kDisk, Durability::kFleet}) {
    names.emplace_back(ToString(kept));
  }
  return Told("string",
              "what the job survives: no restart of the service, any restart, or the loss of a "
              "replica",
              {{"enum", Texts(names)}});
}

Json LinksSchema() {
  return Closed({{"self", Link("its status")}},
                {{"events", Link("its changes, as server-sent events")},
                 {"result", Link("its result, once it has succeeded")}});
}

Members JobTimes() {
  return {{"created", Time("when it was accepted")},
          {"started", Time("when its attempt began")},
          {"estimated_start", Time("when it may begin, of one that waits")},
          {"ended", Time("when it ended")},
          {"wait_ms", Amount("from acceptance to the start, in milliseconds")},
          {"run_ms", Amount("from the start to the end, in milliseconds")},
          {"cpu_ms", Amount("CPU time, in milliseconds")},
          {"result_kept_until", Time("after which its result is gone")}};
}

Members JobFacts() {
  return {{"job_id", Schema("string")},
          {"queue", Schema("string")},
          {"state", Enum(StateNames())},
          {"attempt", Count("which one runs or was the last; 0: none has begun")},
          {"durability", DurabilitySchema()},
          {"links", LinksSchema()}};
}

// What is told of some jobs only.
Members MoreJobFacts() {
  const Json progress = Closed({{"done", Count("steps")}, {"total", Count("steps")}});
  Members facts = JobTimes();
  const Members others{{"position", Count("jobs before it, of one that waits")},
                       {"progress", progress},
                       {"peak_memory_bytes", Count("of its largest process")},
                       {"error", Ref("schemas", "JobError")},
                       {"last_error", Ref("schemas", "JobError")},
                       {"parts", ListOf(Ref("schemas", "Part"))}};
  facts.insert(facts.end(), others.begin(), others.end());
  return facts;
}

// What a webhook tells (service/webhook_event).
Json JobEndedSchema() {
  const Json part = Closed({{"name", Schema("string")},
                            {"media_type", Schema("string")},
                            {"size", Count("in bytes")},
                            {"base64", Schema("string", {{"contentEncoding", Text("base64")}})}});
  Members more = MoreJobFacts();
  more.emplace_back("result", Closed({{"parts", ListOf(part)}}));
  std::vector<std::string> types;
  for (const auto state :
       {JobState::kSucceeded, JobState::kFailed, JobState::kCancelled, JobState::kExpired}) {
    types.push_back(std::string("job.") + ToString(state));
  }
  return Closed({{"type", Enum(types)},
                 {"timestamp", Time("when the job ended")},
                 {"data", Closed(JobFacts(), more)}});
}

// One of a stream of them, with the fields that its text has.
Json EventSchema() {
  const Json data = Schema("string", {{"contentMediaType", Text("application/json")},
                                      {"contentSchema", Ref("schemas", "Job")}});
  return Closed({{"id", Told("string", "for Last-Event-ID")},
                 {"event", Enum({"state", "progress"})},
                 {"data", data}});
}

Json ExecutorsSchema() {
  Members deaths;
  for (const char* const reason : kExecutorDeathNames) deaths.emplace_back(reason, Count("so far"));
  std::vector<Json> troubles{Json()};
  for (const std::string_view trouble : kExecutorTroubleNames) {
    if (!trouble.empty()) troubles.push_back(Text(trouble));
  }
  return Closed({{"ready", Told("boolean", "whether they are warm")},
                 {"healthy", Told("boolean", "whether the last start succeeded")},
                 {"last_trouble", Json::Object({{"enum", Json::Array(troubles)}})},
                 {"started", Count("so far")},
                 {"deaths", Closed(deaths)}});
}

Json QueueSchema() {
  return Closed({{"name", Schema("string")},
                 {"handler", Told("string", "what does its jobs")},
                 {"href", Link("this object")},
                 {"workers", Count("jobs that may run at once")},
                 {"capacity", Count("jobs that may wait")},
                 {"waiting", Count("jobs")},
                 {"running", Count("jobs")},
                 {"waiting_bytes", Count("payloads of jobs that wait")},
                 {"oldest_age_seconds", Amount("how long the oldest of them has waited")},
                 {"deadline_seconds", Amount("of a job whose client waits for it")},
                 {"accepted", Count("jobs since the start")},
                 {"succeeded", Count("jobs since the start")},
                 {"failed", Count("jobs since the start")},
                 {"cancelled", Count("jobs since the start")},
                 {"expired", Count("jobs since the start")}},
                {{"executors", ExecutorsSchema()},
                 {"path", Told("string", "its second, short address for jobs")}});
}

}  // namespace

std::vector<std::string> StateNames() {
  std::vector<std::string> names;
  names.reserve(kJobStates.size());
  for (const JobState state : kJobStates) names.emplace_back(ToString(state));
  return names;
}

Json Schemas() {
  const Members schemas{{"Problem", ProblemSchema()},
                        {"Job", Closed(JobFacts(), MoreJobFacts())},
                        {"JobError", JobErrorSchema()},
                        {"Part", PartSchema()},
                        {"Result", ResultSchema()},
                        {"Event", EventSchema()},
                        {"JobEnded", JobEndedSchema()},
                        {"Queue", QueueSchema()},
                        {"Queues", Closed({{"queues", ListOf(Ref("schemas", "Queue"))}})},
                        {"JobList", Closed({{"jobs", ListOf(Ref("schemas", "Job"))}},
                                           {{"next", Link("the next page; missing at the end")}})}};
  return Json::Object(schemas);
}

}  // namespace headrace::openapi
