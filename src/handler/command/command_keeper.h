#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "handler/command/command_options.h"
#include "handler/command/frames_worker.h"
#include "handler/command/one_shot.h"
#include "handler/command/process_tree.h"
#include "handler/command/program.h"
#include "handler/command/scratch.h"
#include "handler/executor/keeper.h"
#include "headrace/handler.h"

namespace headrace {

// What the executors of a queue with `handler: command` are: each starts the operator's program,
// confined, for each job or once for all of them, and sees to it that nothing of it is left in the
// end. The handler's Warm runs in the
// zygote, all else in a keeper.
class CommandKeeper final : public Handler, public Keeper {
 public:
  explicit CommandKeeper(CommandOptions options) : options_(std::move(options)) {}

  // Throws if there is no such program. Removes what services left that were killed.
  void Warm() override;
  [[nodiscard]] std::optional<Failure> Run(const Job& job, Context& context) override;

  [[nodiscard]] std::optional<std::string> Begin() override;
  [[nodiscard]] bool AwaitJob(int socket) override;
  [[nodiscard]] bool TakesMore() const override;
  void End() override;

 private:
  [[nodiscard]] bool StartsWorker() const {
    return options_.protocol == CommandOptions::Protocol::kFrames;
  }
  std::optional<std::string> StartWorker();

  const CommandOptions options_;
  pid_t zygote_ = 0;
  std::optional<ProcessTree> tree_;
  std::optional<ProgramLauncher> launcher_;
  std::optional<OneShot> job_;  // that is at work, or that was the last
  // Protocol frames: what stays over all jobs.
  std::optional<Scratch> scratch_;
  std::optional<FramesWorker> worker_;
};

}  // namespace headrace
