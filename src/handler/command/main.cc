// headrace-command: the executor of the handler `command`. Started by the service only.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "handler/command/command_keeper.h"
#include "handler/command/command_options.h"
#include "handler/executor/executor_main.h"

int main(int argc, char** argv) {
  constexpr int kOwnArguments = 3;  // the program, --zygote, the service's process id
  const std::vector<std::string> arguments(argv + std::min(argc, kOwnArguments), argv + argc);
  const auto options = headrace::ParseCommandArguments(arguments);
  if (!options) {
    std::fprintf(stderr, "headrace-command: %s\n", options.error().detail.c_str());
    return 2;
  }
  headrace::CommandKeeper keeper(*options);
  return headrace::ExecutorMain(argc, argv, keeper, headrace::ExecutorProfile::kKeeper, &keeper);
}
