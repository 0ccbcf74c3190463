#include "app/client_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "client/command_context.h"
#include "client/exit_codes.h"
#include "client/input.h"
#include "client/interrupts.h"
#include "client/job_commands.h"
#include "client/key_file.h"
#include "client/submit_command.h"

namespace headrace {
namespace {

constexpr std::size_t kMostParamFile = 8'192;  // bytes; it becomes a header field
constexpr const char* kExitCodes =
    "Exit status: 0 done, 1 the job failed, was cancelled or expired, 2 wrong usage or refused as\n"
    "bad, 3 not taken in time (429 or 503 to the last retry, or --timeout), 4 the service cannot "
    "be\n"
    "reached or its answer is broken, 130 interrupted.";
constexpr const char* kClientGroup = "Commands for a running service";

struct Common {
  ServiceAddress address;
  std::string key_file;
  std::string timeout;
  bool json = false;
  bool quiet = false;
  RetryOptions retry;
};

bool IsTerminal() {
  const char* const term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return ::isatty(STDERR_FILENO) == 1 && !dumb;
}

// "name=value" to its two sides.
Expected<std::pair<std::string, std::string>> Sides(const std::string& text, const char* option) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return Refusal(fmt::format("{}: not 'name=...': give the parameter's name first", option));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Status AddParam(Params& params, std::string name, std::string value) {
  const auto [at, added] = params.emplace(std::move(name), std::move(value));
  if (added) return Ok();
  return Refusal(fmt::format("the parameter '{}' is given twice", at->first));
}

// A file's text without the end of its only line.
Expected<std::string> ParamText(const std::string& file) {
  auto text = ReadSmallFile(file, kMostParamFile);
  if (text && text->ends_with('\n')) text->pop_back();
  if (text && text->ends_with('\r')) text->pop_back();
  return text;
}

Status ReadParams(const std::vector<std::string>& plain, const std::vector<std::string>& files,
                  SubmitOptions& options) {
  for (const std::string& text : plain) {
    auto sides = Sides(text, "--param");
    if (!sides) return std::move(sides).error();
    auto added = AddParam(options.params, std::move(sides->first), std::move(sides->second));
    if (!added) return added;
  }
  for (const std::string& text : files) {
    auto sides = Sides(text, "--param-file");
    if (!sides) return std::move(sides).error();
    auto value = ParamText(sides->second);
    if (!value) return Refusal("--param-file: " + value.error().hint);
    auto added = AddParam(options.header_params, std::move(sides->first), *std::move(value));
    if (!added) return added;
  }
  return Ok();
}

}  // namespace

struct ClientCommands::Impl {
  explicit Impl(CLI::App& program);

  CLI::App* Add(CLI::App& program, const char* name, const char* text);
  void AddSubmit(CLI::App& program);
  void AddKey(CLI::App& submit);
  void AddJobCommands(CLI::App& program);
  void AddFolder(CLI::App& command);

  ExitCode Run();
  ExitCode Do(const CommandContext& context);
  ExitCode Submit(const CommandContext& context);
  Status ReadKey(ProgressBoard& board);
  Expected<Deadline> ReadTimeout() const;
  [[nodiscard]] bool Asked() const;

  Common common;
  std::vector<CLI::App*> commands;
  CLI::App* submit = nullptr;
  CLI::App* jobs = nullptr;
  CLI::App* job = nullptr;
  CLI::App* result = nullptr;
  CLI::App* cancel = nullptr;
  CLI::App* queues = nullptr;

  SubmitOptions options;
  std::vector<std::string> files;
  std::vector<std::string> params;
  std::vector<std::string> param_files;
  bool wait = false;
  bool async = false;
  int parallel = 4;
  JobsQuery query;
  std::string id;
  bool follow = false;
  bool drop = false;
};

ClientCommands::Impl::Impl(CLI::App& program) {
  AddSubmit(program);
  AddJobCommands(program);
}

CLI::App* ClientCommands::Impl::Add(CLI::App& program, const char* name, const char* text) {
  CLI::App* const command = program.add_subcommand(name, text);
  command->group(kClientGroup);
  command->footer(kExitCodes);
  command->add_option("--server", common.address.url, "the service's address")
      ->envname("HEADRACE_SERVER")
      ->type_name("URL")
      ->capture_default_str();
  command
      ->add_option("--key-file", common.key_file, "file that holds your key, where one is needed")
      ->envname("HEADRACE_KEY_FILE")
      ->type_name("FILE");
  command
      ->add_option("--ca-file", common.address.ca_file,
                   "PEM file of the authorities to trust alone (https)")
      ->type_name("FILE");
  command->add_option("--timeout", common.timeout, "time for everything, like 90s, 5m or 2h")
      ->type_name("TIME");
  command->add_flag("--json", common.json, "the service's JSON on standard output");
  command->add_flag("--quiet", common.quiet, "no progress, errors only");
  commands.push_back(command);
  return command;
}

void ClientCommands::Impl::AddFolder(CLI::App& command) {
  command.add_option("-o,--output", options.folder, "folder for the result's files")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_flag("--force", options.force, "replace files of the same names");
  command
      .add_option("--retries", common.retry.most,
                  "how often a refused (429, 503) or lost request is sent again")
      ->check(CLI::Range(0, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
}

void ClientCommands::Impl::AddSubmit(CLI::App& program) {
  submit = Add(program, "submit", "send files as jobs, follow them, and fetch their results");
  submit->add_option("FILE", files, "what to work on, a job each; - is standard input")
      ->option_text("...")
      ->required();
  submit->add_option("--queue", options.queue, "the queue; `headrace queues` lists them")
      ->type_name("NAME")
      ->required();
  submit->add_option("--param", params, "parameter of the job, may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  submit
      ->add_option("--param-file", param_files,
                   "one that no list of processes and no log is to show, like a password")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  submit->add_option("--type", options.media_type, "media type of the files, like application/pdf")
      ->type_name("TYPE");
  CLI::Option* const waiting =
      submit->add_flag("--wait", wait, "one request that is answered with the result");
  submit->add_flag("--async", async, "print the job's id and do not wait for it")
      ->excludes(waiting);
  AddFolder(*submit);
  AddKey(*submit);
}

void ClientCommands::Impl::AddKey(CLI::App& command) {
  command
      .add_option("--idempotency-key", options.idempotency_key,
                  "makes it safe to send a request again: a key of yours, or auto (random; the\n"
                  "default except with --wait), or none")
      ->type_name("KEY|auto|none");
  command.add_option("--webhook-url", options.webhook_url, "who is told of the job's end")
      ->type_name("URL");
  command.add_option("--priority", options.priority, "0 (first) to 7 (last); usual: 3")
      ->check(CLI::Range(0, 7))
      ->type_name("N");
  command.add_option("--parallel", parallel, "files that are under way at once")
      ->check(CLI::Range(1, 256))
      ->type_name("N")
      ->capture_default_str();
}

void ClientCommands::Impl::AddJobCommands(CLI::App& program) {
  jobs = Add(program, "jobs", "list the jobs of your key, newest first");
  jobs->add_option("--queue", query.queue, "of this queue alone")->type_name("NAME");
  jobs->add_option("--state", query.state,
                   "waiting, running, succeeded, failed, cancelled or expired")
      ->type_name("STATE");
  jobs->add_option("--limit", query.limit, "how many at most")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  job = Add(program, "job", "show a job");
  job->add_option("ID", id, "the job's id")->required()->type_name("");
  job->add_flag("--follow", follow, "up to its end, which the exit status tells");
  result = Add(program, "result", "fetch the result of a job");
  result->add_option("ID", id, "the job's id")->required()->type_name("");
  result->add_flag("--wait", wait, "for the job's end");
  AddFolder(*result);
  cancel = Add(program, "cancel", "cancel a job that waits or runs");
  cancel->add_option("ID", id, "the job's id")->required()->type_name("");
  cancel->add_flag("--drop", drop, "of a job that has ended, drop the result");
  queues = Add(program, "queues", "list the queues and how full they are");
}

bool ClientCommands::Impl::Asked() const {
  for (const CLI::App* const command : commands) {
    if (command->parsed()) return true;
  }
  return false;
}

Status ClientCommands::Impl::ReadKey(ProgressBoard& board) {
  if (common.key_file.empty()) return Ok();
  auto file = ReadKeyFile(common.key_file);
  if (!file) return std::move(file).error();
  if (!file->warning.empty()) board.Complain("warning: " + file->warning);
  common.address.key = std::move(file->key);
  return Ok();
}

Expected<Deadline> ClientCommands::Impl::ReadTimeout() const {
  if (common.timeout.empty()) return Deadline::Never();
  const auto time = ParseDuration(common.timeout);
  constexpr std::chrono::hours kMost{24 * 366};
  if (time && time->count() > 0 && *time <= kMost) return Deadline::After(*time);
  return Refusal(fmt::format("--timeout: '{}' is no time like 90s, 5m or 2h", common.timeout));
}

ExitCode ClientCommands::Impl::Submit(const CommandContext& context) {
  if (auto read = ReadParams(params, param_files, options); !read) {
    context.board.Complain(read.error().hint);
    return ExitCode::kRefused;
  }
  if (wait) options.mode = SubmitMode::kWait;
  if (async) options.mode = SubmitMode::kAsync;
  // A job with a key is kept, which --wait is there to avoid.
  const bool named = submit->get_option("--idempotency-key")->count() > 0;
  if ((wait && !named) || options.idempotency_key == "none") options.idempotency_key.clear();
  return SubmitFiles(options, files, parallel, context);
}

ExitCode ClientCommands::Impl::Do(const CommandContext& context) {
  if (submit->parsed()) return Submit(context);
  if (jobs->parsed()) return ListJobs(context, query);
  if (job->parsed()) return ShowJob(context, id, follow);
  if (result->parsed()) {
    return FetchResult(context, id, {options.folder, "", options.force}, wait);
  }
  if (cancel->parsed()) return CancelJob(context, id, drop);
  return ListQueues(context);
}

ExitCode ClientCommands::Impl::Run() {
  Interrupts interrupts;
  ProgressBoard board({STDERR_FILENO, IsTerminal(), common.quiet});
  ResultOutput output(board);
  const auto refuse = [&](const Error& error) {
    board.Complain(error.hint);
    return ExitCodeOf(error.code);
  };
  if (auto key = ReadKey(board); !key) return refuse(key.error());
  auto address = CheckAddress(common.address);
  if (!address) return refuse(address.error());
  if (!address->ca_file.empty()) {
    const auto readable = ReadSmallFile(address->ca_file, std::size_t{16} << 20);
    if (!readable) return refuse(Refusal("--ca-file: " + readable.error().hint));
  }
  const auto deadline = ReadTimeout();
  if (!deadline) return refuse(deadline.error());
  const ExitCode code = Do({*std::move(address), interrupts.token(), *deadline, common.json,
                            common.retry, board, output});
  if (output.good() || code != ExitCode::kDone) return code;
  return refuse(Broken("cannot-write", "cannot write to standard output"));
}

ClientCommands::ClientCommands(CLI::App& program) : impl_(std::make_unique<Impl>(program)) {}

ClientCommands::~ClientCommands() = default;

std::optional<int> ClientCommands::Run() {
  if (!impl_->Asked()) return std::nullopt;
  return static_cast<int>(impl_->Run());
}

}  // namespace headrace
