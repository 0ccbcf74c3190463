#include "http/openapi/openapi_paths.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/edge/routes.h"
#include "http/message/chars.h"
#include "http/openapi/openapi_operations.h"
#include "http/openapi/openapi_params.h"
#include "http/openapi/openapi_responses.h"

namespace headrace::openapi {
namespace {

// A path of the document, and how it is found in the table of routes.
struct Place {
  std::string path;
  std::string sample;                         // a path of that kind
  std::string noun;                           // in the names of its operations
  std::function<Operation(HttpMethod)> make;  // of every method but OPTIONS
  bool open = false;                          // some of it needs no key
};

std::vector<const HandlerInfo*> HandlersOf(const JobService& service) {
  std::vector<const HandlerInfo*> handlers;
  for (const ServiceQueue& queue : service.queues()) handlers.push_back(queue.handler);
  return handlers;
}

template <class Make>
std::function<Operation(HttpMethod)> Always(Make make) {
  return [make](HttpMethod) { return make(); };
}

void AddQueues(std::vector<Place>& places, const JobService& service, bool async) {
  const auto& queues = service.queues();
  if (queues.empty()) return;
  places.push_back({"/v1/queues", "/v1/queues", "Queues", Always(QueuesOperation)});
  places.push_back({"/v1/queues/{queue}", "/v1/queues/" + queues.front().options.name, "Queue",
                    Always(QueueOperation)});
  for (const ServiceQueue& queue : queues) {
    const std::string& name = queue.options.name;
    const std::string path = "/v1/queues/" + name + "/jobs";
    const auto submit = Always(
        [&queue, async] { return SubmitOperation(queue.options.name, *queue.handler, async); });
    places.push_back({path, path, "Job." + name, submit});
    if (!queue.path.empty())
      places.push_back({queue.path, queue.path, "Job." + name + ".short", submit});
  }
}

void AddJobs(std::vector<Place>& places, const JobService& service) {
  const auto handlers = HandlersOf(service);
  places.push_back({"/v1/jobs", "/v1/jobs", "Jobs", Always(ListOperation)});
  places.push_back({"/v1/jobs/{id}", "/v1/jobs/id", "Job", [](HttpMethod method) {
                      return method == HttpMethod::kDelete ? CancelOperation() : StatusOperation();
                    }});
  places.push_back(
      {"/v1/jobs/{id}/events", "/v1/jobs/id/events", "Events", Always(EventsOperation)});
  places.push_back(
      {"/v1/jobs/{id}/result", "/v1/jobs/id/result", "Result", [handlers](HttpMethod method) {
         return ResultOperation(handlers, method == HttpMethod::kGet);
       }});
  places.push_back({"/v1/jobs/{id}/result/{part}", "/v1/jobs/id/result/part", "Part",
                    [handlers](HttpMethod method) {
                      return PartOperation(handlers, method == HttpMethod::kGet);
                    }});
}

// The parameters that stand in a path, which OPTIONS has as well.
std::vector<Json> PathParameters(std::string_view path) {
  std::vector<std::string_view> names;
  while (path.find('{') != std::string_view::npos) {
    path.remove_prefix(path.find('{') + 1);
    names.push_back(path.substr(0, path.find('}')));
  }
  return ParameterRefs(names);
}

Operation OptionsOf(const Place& place) {
  Operation options =
      OptionsOperation(place.sample.starts_with("/v1/") || place.noun.starts_with("Job."));
  options.parameters = PathParameters(place.path);
  if (!options.parameters.empty()) options.problems = {ErrorCode::kNotFound};
  return options;
}

class Writer {
 public:
  Writer(const JobService& service, const OpenApiOptions& options)
      : routes_(service), options_(options) {}

  [[nodiscard]] Json PathItem(const Place& place) const {
    const std::string methods = routes_.Match(place.sample).allowed.Text();
    Members item;
    for (const std::string_view method : SplitList(methods)) {
      item.emplace_back(ToLower(method),
                        OperationJson(place, ParseMethod(method), ToLower(method)));
    }
    return Json::Object(item);
  }

 private:
  [[nodiscard]] Json OperationJson(const Place& place, HttpMethod method,
                                   const std::string& word) const {
    const bool asks_methods = method == HttpMethod::kOptions;
    const Operation operation = asks_methods ? OptionsOf(place) : place.make(method);
    Members members{{"operationId", Text(word + place.noun)},
                    {"tags", Texts({operation.tag})},
                    {"summary", Text(operation.summary)}};
    if (!operation.description.empty()) {
      members.emplace_back("description", Text(operation.description));
    }
    if (options_.keys && (asks_methods || place.open)) {
      members.emplace_back("security", place.open && !asks_methods ? KeyOrNone() : Json::Array({}));
    }
    if (!operation.parameters.empty()) {
      members.emplace_back("parameters", Json::Array(operation.parameters));
    }
    if (operation.body) members.emplace_back("requestBody", *operation.body);
    std::vector<int> problems = ProblemsOf(operation);
    if (options_.keys && !asks_methods) problems.push_back(401);
    if (place.path == "/v1/jobs" && !options_.keys && !asks_methods) problems.push_back(403);
    members.emplace_back("responses", Responses(operation.replies, problems));
    return Json::Object(members);
  }

  static Json KeyOrNone() {
    return Json::Array({Json::Object({}), Json::Object({{"bearer", Json::Array({})}})});
  }

  // With those that every request may have: its head is malformed, slow or too long.
  static std::vector<int> ProblemsOf(const Operation& operation) {
    std::vector<ErrorCode> codes{ErrorCode::kInvalidArgument, ErrorCode::kRequestTimeout,
                                 ErrorCode::kUriTooLong, ErrorCode::kExpectationFailed,
                                 ErrorCode::kHeadersTooLarge};
    codes.insert(codes.end(), operation.problems.begin(), operation.problems.end());
    return StatusesOf(codes);
  }

  const RouteTable routes_;
  const OpenApiOptions options_;
};

}  // namespace

Json Paths(const JobService& service, const OpenApiOptions& options) {
  std::vector<Place> places{{"/", "/", "Root", Always(RootOperation), true}};
  places.push_back({"/openapi.json", "/openapi.json", "Document", Always(DocumentOperation)});
  AddQueues(places, service, options.async);
  AddJobs(places, service);
  const Writer writer(service, options);
  Members paths;
  for (const Place& place : places) paths.emplace_back(place.path, writer.PathItem(place));
  return Json::Object(paths);
}

}  // namespace headrace::openapi
