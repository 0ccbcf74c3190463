#include "client/submit_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/job_id.h"
#include "base/printable.h"
#include "client/exit_codes.h"
#include "client/input.h"
#include "client/job_progress_text.h"
#include "client/part_download.h"
#include "net/http_url.h"

namespace headrace {
namespace {

constexpr std::size_t kJobId = 0;  // in Call::wanted
constexpr std::size_t kDisposition = 1;
constexpr int kMostSeconds = 86'400;  // of Request-Timeout

bool IsFieldText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

// RFC 9110, 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string LabelOf(const std::string& file) {
  return file == "-" ? "standard input" : Printable(file);
}

// Short, to leave room for a bar.
std::string LineLabel(const std::string& file) {
  const std::string name = file.substr(file.rfind('/') + 1);
  return LabelOf(name.empty() ? file : name);
}

// The time that is left, for the service to know; nothing: there is no limit, or a longer one than
// it takes.
std::optional<std::int64_t> SecondsLeft(Deadline deadline) {
  if (deadline.IsNever()) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline.time() - SteadyClock::now());
  if (left.count() > kMostSeconds) return std::nullopt;
  return std::max<std::int64_t>(left.count(), 1);
}

}  // namespace

std::optional<std::string> CheckSubmitOptions(const SubmitOptions& options) {
  if (options.queue.empty()) return "--queue is empty; headrace queues lists those there are";
  for (const auto& [name, value] : options.header_params) {
    if (!IsToken(name)) return fmt::format("--param-file: '{}' is no name of a parameter", name);
    if (!IsFieldText(value)) {
      return fmt::format(
          "--param-file: the value of '{}' is more than one line, or has control "
          "characters",
          name);
    }
    if (options.params.contains(name)) {
      return fmt::format("the parameter '{}' is given twice", name);
    }
  }
  if (!IsVisible(options.idempotency_key) || options.idempotency_key.size() > 255) {
    return "--idempotency-key: 1 to 255 visible ASCII characters, or auto";
  }
  if (!IsFieldText(options.media_type)) return "--type is no media type";
  if (options.webhook_url.empty()) return std::nullopt;
  const auto good = CheckHttpUrl(options.webhook_url);
  if (!good) return "--webhook-url " + good.error().hint;
  if (options.mode == SubmitMode::kWait) {
    return "--webhook-url is for jobs that outlive their request; leave --wait away";
  }
  return std::nullopt;
}

ByteStream DirectResult::Begin(const Reply& head) {
  begun_ = true;
  const auto boundary =
      head.media_type == "multipart/mixed" ? BoundaryOf(head.content_type) : std::nullopt;
  if (boundary) {
    parser_ = std::make_unique<MixedParser>(*boundary, folder_);
  } else {
    status_ = folder_.BeginPart(FileNameOf(head.wanted[kDisposition]));
  }
  return [this](std::span<const std::byte> bytes) {
    if (!status_) return false;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    status_ = parser_ ? parser_->Feed(text) : folder_.WritePart(text);
    return status_.ok();
  };
}

Status DirectResult::End() {
  if (!status_) return status_;
  return parser_ ? parser_->Finish() : folder_.EndPart();
}

SubmitJob::SubmitJob(const SubmitOptions& options, const CommandContext& context, std::string file,
                     std::string below)
    : options_(options),
      context_(context),
      file_(std::move(file)),
      label_(LabelOf(file_)),
      key_(options.idempotency_key == "auto" ? RandomHex(32) : options.idempotency_key),
      client_(context.Client()),
      folder_({options.folder, std::move(below), options.force}) {}

ExitCode SubmitJob::Run() {
  line_ = context_.board.Begin(LineLabel(file_));
  const Status status = Work();
  context_.board.End(line_, done_);
  if (status) return ExitCode::kDone;
  folder_.Discard();
  context_.board.Complain(fmt::format("{}: {}", label_, status.error().hint));
  return context_.cancel.Cancelled() ? ExitCode::kInterrupted : ExitCodeOf(status.error().code);
}

Status SubmitJob::Work() {
  auto payload = OpenInput(file_, context_.cancel);
  if (!payload) return std::move(payload).error();
  auto taken = Send(*payload);
  if (!taken) return std::move(taken).error();
  if (!taken->job) return TellDirect(taken->id);
  if (options_.mode != SubmitMode::kAsync) return Follow(*taken->job);
  context_.output.WriteLine(context_.json ? taken->job->text : taken->job->id);
  return Ok();
}

CallRetry SubmitJob::MakeRetry() {
  return {context_.cancel, context_.deadline, context_.retry,
          [this](const std::string& why, std::chrono::seconds left) {
            Show({why, fmt::format("again in {} s", left.count())});
          }};
}

Call SubmitJob::MakeCall(const Payload& payload) const {
  Call call{"POST",
            WithQuery("/v1/queues/" + PercentEncode(options_.queue) + "/jobs", options_.params)};
  call.fields = {"Accept: multipart/mixed"};
  if (options_.mode != SubmitMode::kWait) call.fields.emplace_back("Prefer: respond-async");
  if (!options_.media_type.empty()) call.fields.push_back("Content-Type: " + options_.media_type);
  if (!key_.empty()) call.fields.push_back("Idempotency-Key: " + key_);
  if (options_.priority) call.fields.push_back(fmt::format("Priority: u={}", *options_.priority));
  if (!options_.webhook_url.empty()) call.fields.push_back("Webhook-Url: " + options_.webhook_url);
  for (const auto& [name, value] : options_.header_params) {
    call.fields.push_back(fmt::format("Headrace-Param-{}: {}", name, value));
  }
  // Who waits no longer than that has no use for a job that does.
  const auto left = SecondsLeft(context_.deadline);
  if (left && options_.mode != SubmitMode::kAsync) {
    call.fields.push_back(fmt::format("Request-Timeout: {}", *left));
  }
  call.body = payload;
  call.wanted = {"Job-Id", "Content-Disposition"};
  return call;
}

Expected<SubmitJob::Taken> SubmitJob::Send(const Payload& payload) {
  CallRetry retry = MakeRetry();
  while (true) {
    if (key_.empty()) client_.Disconnect();
    Show({options_.mode == SubmitMode::kWait ? "sent, its result is awaited" : "sending",
          RoundSize(payload.size())});
    auto taken = SendOnce(MakeCall(payload));
    if (taken) return taken;
    folder_.Discard();
    Error error = std::move(taken).error();
    if (IsLoss(error) && key_.empty()) {
      error.hint +=
          "; whether the service has taken the job is not known, and it is not sent again without "
          "an Idempotency-Key (--idempotency-key auto)";
      return error;
    }
    if (auto again = retry.Again(error); !again) return std::move(again).error();
  }
}

Expected<SubmitJob::Taken> SubmitJob::SendOnce(const Call& call) {
  DirectResult result(folder_);
  const auto reply = client_.Ask(call, [&](const Reply& head) -> ByteStream {
    if (head.status != 200) return {};
    Show({"its result comes"});
    return result.Begin(head);
  });
  // Of an answer that came whole, or was not read on, the taker knows what is wrong with it.
  const Status ended = result.begun() ? result.End() : Ok();
  if (reply && !ended) {
    TellKept(ended.error(), reply->wanted[kJobId]);
    return ended.error();
  }
  if (!reply) return reply.error();
  if (reply->status == 200 || reply->status == 204)
    return Taken{{}, Printable(reply->wanted[kJobId])};
  if (reply->status != 202) return ProblemOf(*reply);
  auto job = ReadJobView(reply->body);
  if (!job) return std::move(job).error();
  std::string id = job->id;
  return Taken{*std::move(job), std::move(id)};
}

// The result is here, and there is no status: the job was answered on its connection.
Status SubmitJob::TellDirect(const std::string& id) {
  if (auto committed = folder_.Commit(); !committed) {
    TellKept(committed.error(), id);
    return committed;
  }
  TellFiles();
  if (!context_.json && options_.mode == SubmitMode::kAsync && !id.empty()) {
    context_.output.WriteLine(id);
  }
  if (context_.json) {
    std::vector<Json> files;
    for (const std::string& file : folder_.files()) files.push_back(Json::String(file));
    context_.output.WriteLine(Json::Object({{"job_id", Json::String(id)},
                                            {"state", Json::String("succeeded")},
                                            {"files", Json::Array(files)}})
                                  .Text());
  }
  return Ok();
}

Status SubmitJob::Follow(const JobView& job) {
  ShowJob(job);
  JobFollower follower(client_, MakeRetry(), [this](const JobView& news) { ShowJob(news); });
  const auto end = job.Ended() ? Expected<JobView>(job) : follower.ToEnd(job.id);
  Status status = end ? Finish(*end) : Status(end.error());
  if (!status) LeaveJob(status.error(), job.id, end.ok());
  return status;
}

Status SubmitJob::Finish(const JobView& job) {
  if (!job.Succeeded()) {
    if (context_.json) context_.output.WriteLine(job.text);
    return JobFailure(FailureText(job));
  }
  PartDownload download(client_, MakeRetry(), folder_,
                        [&] { Show(DownloadStep(job, folder_.bytes())); });
  if (auto fetched = download.Fetch(job); !fetched) return fetched;
  if (auto committed = folder_.Commit(); !committed) return committed;
  TellFiles();
  if (context_.json) context_.output.WriteLine(job.text);
  return Ok();
}

// Nobody waits for the job any more: it is cancelled. One that has ended keeps its result.
void SubmitJob::LeaveJob(const Error& error, const std::string& id, bool ended) {
  if (ended && ExitCodeOf(error.code) == ExitCode::kJobFailed) return;
  if (ended) {
    return context_.board.Say(
        fmt::format("{}: job {} has ended; headrace result {} fetches its result", label_, id, id));
  }
  const bool unwanted = context_.cancel.Cancelled() || context_.deadline.Passed();
  if (!unwanted) {
    if (ExitCodeOf(error.code) == ExitCode::kJobFailed) return;
    return context_.board.Say(fmt::format(
        "{}: job {} may go on; headrace result {} --wait fetches its result", label_, id, id));
  }
  CancelJob(id);
}

// A result that came as an answer and cannot be put into its place: the service has that of a job
// with a key still.
void SubmitJob::TellKept(const Error& error, const std::string& id) {
  if (!key_.empty() && !IsLoss(error) && IsJobId(id)) LeaveJob(error, id, true);
}

void SubmitJob::CancelJob(const std::string& id) {
  constexpr std::chrono::seconds kPatience{5};
  Show({"cancelling"});
  ServiceClient fresh(context_.address, CancelToken(), Deadline::After(kPatience));
  const auto reply = fresh.Ask({"DELETE", "/v1/jobs/" + id});
  std::string end;
  if (!reply) {
    end = "could not be cancelled: " + reply.error().hint;
  } else if (reply->status != 200) {
    end = "could not be cancelled: " + ProblemOf(*reply).hint;
  } else if (const auto job = ReadJobView(reply->body); job && job->state != "cancelled") {
    end = "had ended: " + Printable(job->state);
  } else {
    end = "is cancelled";
  }
  context_.board.Say(fmt::format("{}: job {} {}", label_, id, end));
}

void SubmitJob::TellFiles() {
  const auto& files = folder_.files();
  done_ = files.empty() ? "done, it has no result"
                        : fmt::format("done, {} file{} in {}", files.size(),
                                      files.size() == 1 ? "" : "s", Printable(options_.folder));
  if (context_.json || options_.mode == SubmitMode::kAsync) return;
  std::string text;
  for (const std::string& file : files) text += file + "\n";
  context_.output.Write(text);
}

void SubmitJob::ShowJob(const JobView& job) {
  if (!job.Ended()) Show(JobStep(job));
}

}  // namespace headrace
