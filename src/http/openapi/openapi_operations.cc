#include "http/openapi/openapi_operations.h"

#include <utility>

#include "http/openapi/openapi_params.h"

namespace headrace::openapi {
namespace {

using Code = ErrorCode;

Members JsonOf(std::string_view schema) { return {{"application/json", Ref("schemas", schema)}}; }

// What is read as soon as the head is there: all that can be wrong with it is its query.
Operation Read(std::string tag, std::string summary, Reply reply) {
  Operation read;
  read.tag = std::move(tag);
  read.summary = std::move(summary);
  read.replies = {std::move(reply)};
  read.problems = {Code::kUnprocessable};
  return read;
}

// Of a job that there is, or was.
Operation OfJob(std::string summary, Reply reply) {
  Operation of_job = Read("jobs", std::move(summary), std::move(reply));
  of_job.parameters = ParameterRefs({"id", "traceparent"});
  of_job.problems = {Code::kNotFound,        Code::kGone,     Code::kUnprocessable,
                     Code::kPayloadTooLarge, Code::kInternal, Code::kUnavailable};
  return of_job;
}

Reply Status(std::string description) {
  return {200, std::move(description), {"Job-Id", "Cache-Control", "traceparent"}, JsonOf("Job")};
}

}  // namespace

Operation RootOperation() {
  Operation root =
      Read("service", "a page to try it; the queues as JSON for clients that ask for it",
           {200,
            "the page, or the queues",
            {"Cache-Control", "Vary"},
            {{"text/html", Schema("string")}, {"application/json", Ref("schemas", "Queues")}}});
  return root;
}

Operation DocumentOperation() {
  Operation document = Read("service", "this document",
                            {200,
                             "the document",
                             {"ETag", "Cache-Control", "Vary"},
                             {{"application/json", Schema("object")}}});
  document.parameters = ParameterRefs({"If-None-Match"});
  document.replies.push_back({304, "the client has it", {"ETag", "Cache-Control", "Vary"}});
  return document;
}

Operation QueuesOperation() {
  Operation queues = Read("queues", "the queues and their figures",
                          {200, "all queues", {"Cache-Control", "traceparent"}, JsonOf("Queues")});
  queues.parameters = ParameterRefs({"traceparent"});
  return queues;
}

Operation QueueOperation() {
  Operation queue = Read("queues", "one queue and its figures",
                         {200, "the queue", {"Cache-Control", "traceparent"}, JsonOf("Queue")});
  queue.parameters = ParameterRefs({"queue", "traceparent"});
  queue.problems.push_back(Code::kNotFound);
  return queue;
}

Operation OptionsOperation(bool traced) {
  Operation options;
  options.tag = "service";
  options.summary = "the methods of this path";
  options.replies = {{204, "none but `Allow`", {"Allow"}}};
  if (traced) options.replies.front().headers.emplace_back("traceparent");
  return options;
}

Operation StatusOperation() {
  Operation status =
      OfJob("the status of a job", Status("its state, times, progress, error, parts and links"));
  status.description =
      "With `Prefer: wait=N` the answer comes when the job has ended, or after N seconds, 300 at "
      "most.";
  status.parameters.push_back(Ref("parameters", "Prefer"));
  status.replies.front().links = {
      {"result", JobLink("getResult", "its result, once it has succeeded")},
      {"part", JobLink("getPart", "the first of its parts",
                       {{"part", Text("$response.body#/parts/0/name")}})}};
  return status;
}

Operation CancelOperation() {
  Operation cancel = OfJob("cancels a job, or drops its result", Status("its status after that"));
  cancel.description =
      "A job that waits or runs is cancelled; of one that has ended the result is dropped. The "
      "same however often it is sent.";
  return cancel;
}

Operation EventsOperation() {
  Operation events =
      OfJob("the changes of a job, as server-sent events",
            {200,
             "`state` at each new state, `progress` at each step, each with the job's status as "
             "its data, up to its end",
             {"Job-Id", "Cache-Control", "traceparent"},
             {{"text/event-stream", Ref("schemas", "Event")}}});
  events.parameters.push_back(Ref("parameters", "Last-Event-ID"));
  events.replies.push_back(
      {204, "the client has seen the end of the job", {"Job-Id", "traceparent"}});
  return events;
}

Operation ListOperation() {
  Operation list =
      Read("jobs", "the jobs of the caller that are kept, the newest first",
           {200, "a page of them", {"Cache-Control", "traceparent"}, JsonOf("JobList")});
  list.description =
      "Jobs are kept that outlive their connection or have an Idempotency-Key. Where callers are "
      "not "
      "told apart by keys there is no list (403). A page that is short, or empty, may have a "
      "`next`.";
  list.parameters =
      ParameterRefs({"list-queue", "list-state", "list-limit", "list-cursor", "traceparent"});
  list.problems = {Code::kNotFound, Code::kUnprocessable, Code::kInternal, Code::kUnavailable};
  return list;
}

}  // namespace headrace::openapi
