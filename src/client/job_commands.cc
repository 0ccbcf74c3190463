#include "client/job_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/printable.h"
#include "client/job_follower.h"
#include "client/job_progress_text.h"
#include "client/job_view.h"
#include "client/part_download.h"
#include "client/table.h"
#include "headrace/params.h"
#include "net/http_url.h"

namespace headrace {
namespace {

constexpr int kPage = 100;  // jobs that the service lists at once

ExitCode End(const CommandContext& context, const Status& status) {
  if (status) return ExitCode::kDone;
  context.board.Complain(status.error().hint);
  return context.cancel.Cancelled() ? ExitCode::kInterrupted : ExitCodeOf(status.error().code);
}

Status CheckId(const std::string& id) {
  if (IsJobId(id)) return Ok();
  return Refusal(fmt::format("'{}' is no id of a job", Printable(id)));
}

// The text of a 200.
Expected<std::string> AskText(ServiceClient& client, const Call& call) {
  auto reply = client.Ask(call);
  if (!reply) return std::move(reply).error();
  if (reply->status != 200) return ProblemOf(*reply);
  return std::move(reply->body);
}

Expected<JobView> AskStatus(ServiceClient& client, const std::string& id) {
  if (auto good = CheckId(id); !good) return std::move(good).error();
  const auto reply = client.Ask({"GET", "/v1/jobs/" + id, {}});
  if (!reply) return reply.error();
  if (reply->status == 200) return ReadJobView(reply->body);
  Error problem = ProblemOf(*reply);
  // The service knows the job no more, or never did; not that this path is none of a service's.
  const bool unknown = reply->status == 410 || problem.type == "/problems/no-such-job";
  return unknown ? JobFailure(std::move(problem.hint)) : problem;
}

// A line of progress for a command about one job.
class JobLine {
 public:
  JobLine(const CommandContext& context, const std::string& id)
      : context_(context), line_(context.board.Begin(id)) {}
  ~JobLine() { context_.board.End(line_, ""); }
  JobLine(const JobLine&) = delete;
  JobLine& operator=(const JobLine&) = delete;

  void Show(const ProgressStep& step) { context_.board.Show(line_, step); }
  CallRetry MakeRetry() {
    return {context_.cancel, context_.deadline, context_.retry,
            [this](const std::string& why, std::chrono::seconds left) {
              Show({why, fmt::format("again in {} s", left.count())});
            }};
  }

 private:
  const CommandContext& context_;
  const int line_;
};

// The status, or the one at its end.
Expected<JobView> AskOrFollow(const CommandContext& context, ServiceClient& client,
                              const std::string& id, bool follow) {
  auto job = AskStatus(client, id);
  if (!job || !follow || job->Ended()) return job;
  JobLine line(context, id);
  line.Show(JobStep(*job));
  JobFollower follower(client, line.MakeRetry(), [&](const JobView& news) {
    if (!news.Ended()) line.Show(JobStep(news));
  });
  return follower.ToEnd(id);
}

struct JobsPage {
  std::vector<JobView> jobs;
  std::string next;  // target of the next page; empty: there is none
};

Expected<JobsPage> ReadPage(const std::string& text) {
  const JsonValue value = ParseJson(text).value_or(JsonValue{});
  const JsonFields members(value);
  const JsonValue* const list = members.Find("jobs");
  const auto* const items = list == nullptr ? nullptr : list->As<JsonValue::Array>();
  if (items == nullptr) {
    return Broken("broken-answer", "the service's answer is broken: it is no list of jobs");
  }
  JobsPage page;
  for (const JsonValue& item : *items) {
    auto job = ReadJobView(item);
    if (!job) return std::move(job).error();
    page.jobs.push_back(*std::move(job));
  }
  page.next = members.Text("next");
  // Never to another server, nor elsewhere on this one: the key goes with it.
  if (!page.next.empty() && !page.next.starts_with("/v1/jobs?")) {
    return Broken("broken-answer", "the service's answer is broken: 'next' is no list of jobs");
  }
  return page;
}

std::vector<std::string> RowOf(const JobView& job) {
  const std::string progress = job.total > 0 ? fmt::format("{}/{}", job.done, job.total) : "";
  return {job.id, job.queue, job.state, job.created, progress};
}

std::string JobsTarget(const JobsQuery& query) {
  Params params{{"limit", std::to_string(std::min(query.limit, kPage))}};
  if (!query.queue.empty()) params["queue"] = query.queue;
  if (!query.state.empty()) params["state"] = query.state;
  return WithQuery("/v1/jobs", params);
}

Status WriteJobs(const CommandContext& context, const JobsQuery& query) {
  ServiceClient client = context.Client();
  std::vector<std::vector<std::string>> rows{{"ID", "QUEUE", "STATE", "CREATED", "PROGRESS"}};
  std::string target = JobsTarget(query);
  for (auto left = static_cast<std::size_t>(query.limit); left > 0 && !target.empty();) {
    const auto text = AskText(client, {"GET", target, {}});
    if (!text) return text.error();
    const auto page = ReadPage(*text);
    if (!page) return page.error();
    if (context.json) context.output.Write(PlainJson(*text));
    const std::size_t count = std::min(left, page->jobs.size());
    for (std::size_t i = 0; i < count; ++i) rows.push_back(RowOf(page->jobs[i]));
    left -= count;
    // A page may be empty and have a next one; one that leads to itself leads nowhere.
    target = page->next == target ? "" : page->next;
  }
  if (!context.json) context.output.Write(MakeTable(rows));
  return Ok();
}

Status WriteJob(const CommandContext& context, const std::string& id, bool follow) {
  ServiceClient client = context.Client();
  const auto job = AskOrFollow(context, client, id, follow);
  if (!job) return job.error();
  context.output.Write(context.json ? job->text + "\n" : DescribeJob(*job));
  if (follow && !job->Succeeded()) return JobFailure(FailureText(*job));
  return Ok();
}

Status WriteResult(const CommandContext& context, const std::string& id,
                   const FolderOptions& options, bool wait) {
  if (auto prepared = PrepareFolder(options.folder); !prepared) return prepared;
  ServiceClient client = context.Client();
  const auto job = AskOrFollow(context, client, id, wait);
  if (!job) return job.error();
  if (!job->Ended()) {
    return NotInTime(fmt::format("the job is {}; --wait waits for its end", Printable(job->state)));
  }
  if (!job->Succeeded()) return JobFailure(FailureText(*job));
  ResultFolder folder(options);
  JobLine line(context, id);
  PartDownload download(client, line.MakeRetry(), folder,
                        [&] { line.Show(DownloadStep(*job, folder.bytes())); });
  if (auto fetched = download.Fetch(*job); !fetched) return fetched;
  if (auto committed = folder.Commit(); !committed) return committed;
  std::string text;
  for (const std::string& file : folder.files()) text += file + "\n";
  context.output.Write(context.json ? job->text + "\n" : text);
  return Ok();
}

Status WriteCancelled(const CommandContext& context, const std::string& id, bool drop) {
  ServiceClient client = context.Client();
  const auto before = AskStatus(client, id);
  if (!before) return before.error();
  if (before->Ended() && before->state != "cancelled" && !drop) {
    return Refusal(fmt::format("the job has ended ({}); --drop has the service drop its result",
                               Printable(before->state)));
  }
  const auto text = AskText(client, {"DELETE", "/v1/jobs/" + id, {}});
  if (!text) return text.error();
  const auto after = ReadJobView(*text);
  if (!after) return after.error();
  const char* const dropped = before->Ended() ? ", its result is dropped" : "";
  context.output.WriteLine(
      context.json ? after->text : fmt::format("{}: {}{}", id, Printable(after->state), dropped));
  return Ok();
}

std::string Figure(const JsonFields& queue, std::string_view name) {
  const auto count = queue.Count(name);
  return count ? std::to_string(*count) : "";
}

// Whether its executors can be started, where it has any.
std::string HealthOf(const JsonFields& queue) {
  const JsonValue* const executors = queue.Find("executors");
  if (executors == nullptr) return "ok";
  const JsonFields members(*executors);
  const JsonValue* const healthy = members.Find("healthy");
  const auto* const well = healthy == nullptr ? nullptr : healthy->As<bool>();
  return well == nullptr || *well ? "ok" : members.Text("last_trouble");
}

Status WriteQueues(const CommandContext& context) {
  ServiceClient client = context.Client();
  const auto text = AskText(client, {"GET", "/v1/queues", {}});
  if (!text) return text.error();
  const JsonValue value = ParseJson(*text).value_or(JsonValue{});
  const JsonFields members(value);
  const JsonValue* const list = members.Find("queues");
  const auto* const items = list == nullptr ? nullptr : list->As<JsonValue::Array>();
  if (items == nullptr) {
    return Broken("broken-answer", "the service's answer is broken: it is no list of queues");
  }
  std::vector<std::vector<std::string>> rows{{"QUEUE", "HANDLER", "WORKERS", "RUNNING", "WAITING",
                                              "CAPACITY", "SUCCEEDED", "FAILED", "HEALTH"}};
  for (const JsonValue& item : *items) {
    const JsonFields queue(item);
    std::vector<std::string> row{queue.Text("name"), queue.Text("handler")};
    for (const char* name : {"workers", "running", "waiting", "capacity", "succeeded", "failed"}) {
      row.push_back(Figure(queue, name));
    }
    row.push_back(HealthOf(queue));
    rows.push_back(std::move(row));
  }
  context.output.Write(context.json ? PlainJson(*text) : MakeTable(rows));
  return Ok();
}

}  // namespace

ExitCode ListJobs(const CommandContext& context, const JobsQuery& query) {
  return End(context, WriteJobs(context, query));
}

ExitCode ShowJob(const CommandContext& context, const std::string& id, bool follow) {
  return End(context, WriteJob(context, id, follow));
}

ExitCode FetchResult(const CommandContext& context, const std::string& id,
                     const FolderOptions& folder, bool wait) {
  return End(context, WriteResult(context, id, folder, wait));
}

ExitCode CancelJob(const CommandContext& context, const std::string& id, bool drop) {
  return End(context, WriteCancelled(context, id, drop));
}

ExitCode ListQueues(const CommandContext& context) { return End(context, WriteQueues(context)); }

}  // namespace headrace
