#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "handler/command/command_options.h"
#include "handler/command/one_shot.h"
#include "handler/command/process_tree.h"
#include "handler/command/program.h"
#include "handler/keeper.h"
#include "headrace/handler.h"

namespace headrace {

// What the executors of a queue with `handler: command` are: each starts the operator's program,
// confined, and sees to it that nothing of it is left in the end. The handler's Warm runs in the
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
  const CommandOptions options_;
  pid_t zygote_ = 0;
  std::optional<ProcessTree> tree_;
  std::optional<ProgramLauncher> launcher_;
  std::optional<OneShot> job_;  // that is at work, or that was the last
};

}  // namespace headrace
