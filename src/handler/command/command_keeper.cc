#include "handler/command/command_keeper.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "handler/command/find_program.h"
#include "handler/executor/executor_context.h"
#include "handler/sandbox/sandbox.h"

namespace headrace {
namespace {

bool IsClosed(int socket) {
  char byte = 0;
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

void CommandKeeper::Warm() {
  zygote_ = getpid();
  SweepScratch(options_.scratch_dir);
  const char* const path = getenv("PATH");
  if (!FindProgram(options_.command.front(), path != nullptr ? path : "/usr/bin:/bin")) {
    throw std::runtime_error(options_.command.front() + ": no such program");
  }
}

std::optional<std::string> CommandKeeper::Begin() {
  const pid_t service = getppid();
  auto tree = ProcessTree::Make(service);
  if (!tree) return tree.error().detail;
  tree_.emplace(*std::move(tree));
  auto launcher = ProgramLauncher::Make(options_, service, zygote_);
  if (!launcher) return launcher.error().detail;
  launcher_.emplace(*std::move(launcher));
  return StartsWorker() ? StartWorker() : std::nullopt;
}

std::optional<std::string> CommandKeeper::StartWorker() {
  auto scratch = Scratch::Make(options_.scratch_dir);
  if (!scratch) return scratch.error().detail;
  scratch_.emplace(*std::move(scratch));
  worker_.emplace(
      FramesWorker::Surroundings{options_, *launcher_, *scratch_, *tree_, kExecutorSocket});
  return worker_->Start();
}

bool CommandKeeper::AwaitJob(int socket) {
  if (worker_) return worker_->AwaitJob();
  job_.reset();
  while (!tree_->ToldToEnd()) {
    std::array<pollfd, 2> polled{pollfd{socket, POLLIN, 0}, pollfd{tree_->signals(), POLLIN, 0}};
    poll(polled.data(), polled.size(), -1);
    tree_->Look();
    if (polled.front().revents != 0) return !tree_->ToldToEnd() && !IsClosed(socket);
  }
  return false;
}

std::optional<Failure> CommandKeeper::Run(const Job& job, Context& context) {
  // A keeper is always given one.
  auto& keeper_context = dynamic_cast<KeeperContext&>(context);
  if (worker_) return worker_->RunJob(job, keeper_context);
  job_.emplace(options_, *launcher_, *tree_, kExecutorSocket);
  return job_->Run(job, keeper_context);
}

bool CommandKeeper::TakesMore() const {
  return !tree_->ToldToEnd() && (!worker_ || worker_->TakesMore());
}

void CommandKeeper::End() {
  if (worker_) worker_->Stop();
  if (tree_) tree_->End(std::chrono::milliseconds(0));
  job_.reset();
  worker_.reset();
  scratch_.reset();
}

}  // namespace headrace
