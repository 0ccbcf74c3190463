#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "client/call_retry.h"
#include "client/command_context.h"
#include "client/exit_codes.h"
#include "client/job_follower.h"
#include "client/job_view.h"
#include "client/mixed_parser.h"
#include "client/result_folder.h"
#include "headrace/params.h"

namespace headrace {

enum class SubmitMode {
  kFollow,  // take the job on, tell of it, fetch its result
  kWait,    // one request that is answered with the result
  kAsync,   // tell the job's id and be done
};

struct SubmitOptions {
  std::string queue;
  SubmitMode mode = SubmitMode::kFollow;
  Params params;           // go into the query
  Params header_params;    // go into header fields, which no log has
  std::string media_type;  // of the files; empty: not told
  // "auto": a random one for each file. Empty: none, and a request whose answer was lost is not
  // sent again.
  std::string idempotency_key = "auto";
  std::string webhook_url;
  std::optional<int> priority;  // 0, most urgent, to 7
  std::string folder = ".";
  bool force = false;
};

// Bad ones, in words; nothing: they are good.
std::optional<std::string> CheckSubmitOptions(const SubmitOptions& options);

// A result that comes as the answer to its job: a multipart body, or, from who does not make one,
// the only part itself.
class DirectResult {
 public:
  explicit DirectResult(ResultFolder& folder) : folder_(folder) {}

  // `head`: with Content-Disposition as the second of the wanted fields.
  ByteStream Begin(const Reply& head);
  // What went wrong, after the last byte.
  Status End();
  [[nodiscard]] bool begun() const { return begun_; }

 private:
  ResultFolder& folder_;
  std::unique_ptr<MixedParser> parser_;
  Status status_ = Ok();
  bool begun_ = false;
};

// One file on its way through the service. One thread.
class SubmitJob {
 public:
  // `below`: the folder in options.folder for this file's result; empty: none. `options` and
  // `context` outlive it.
  SubmitJob(const SubmitOptions& options, const CommandContext& context, std::string file,
            std::string below);

  // To the end; tells what went wrong.
  ExitCode Run();

 private:
  // What the request was answered with.
  struct Taken {
    std::optional<JobView> job;  // 202; else the result is there
    std::string id;              // may be empty
  };

  Status Work();
  Expected<Taken> Send(const Payload& payload);
  Expected<Taken> SendOnce(const Call& call);
  Call MakeCall(const Payload& payload) const;
  Status Follow(const JobView& job);
  Status Finish(const JobView& job);
  Status TellDirect(const std::string& id);
  void TellFiles();
  void CancelJob(const std::string& id);
  void LeaveJob(const Error& error, const std::string& id, bool ended);
  void TellKept(const Error& error, const std::string& id);

  CallRetry MakeRetry();
  void Show(const ProgressStep& step) { context_.board.Show(line_, step); }
  void ShowJob(const JobView& job);

  const SubmitOptions& options_;
  const CommandContext& context_;
  const std::string file_;
  const std::string label_;
  const std::string key_;
  ServiceClient client_;
  ResultFolder folder_;
  int line_ = 0;
  std::string done_;  // what remains to be read of it
};

}  // namespace headrace
