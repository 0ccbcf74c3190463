#include "test_tasks.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <span>

#include "handler/executor/executor_context.h"

namespace headrace {

[[noreturn]] void WaitForEver() {
  while (true) pause();
}

std::string Param(const Job& job, std::string_view name, const char* otherwise) {
  const auto value = job.params.find(name);
  return value == job.params.end() ? otherwise : value->second;
}

Answer Add(Context& context, std::string_view name, const std::string& bytes) {
  static_cast<void>(context.AddPart(name, "text/plain", std::as_bytes(std::span(bytes))));
  return std::nullopt;
}

[[noreturn]] Answer SpeakAsKeeper(const Job& job, Context& plain) {
  auto& context = static_cast<KeeperContext&>(plain);
  if (Param(job, "kind", "") == "stderr") context.Stderr("forged\n");
  if (Param(job, "kind", "") == "usage") context.Usage(std::chrono::seconds(1), 1);
  WaitForEver();
}

Answer DoTasks(const Job& job, Context& context) {
  const auto count = static_cast<std::uint32_t>(std::stoul(Param(job, "tasks", "10")));
  while (const auto task = context.NextTask(count)) {
    const std::string number = std::to_string(*task);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    if (Param(job, "fail", "") == number)
      return Failure{Failure::Kind::kBadPayload, "some-type", "a task", "failed"};
    if (Param(job, "kill", "") == number) std::raise(SIGKILL);
    while (Param(job, "slow", "") == number || std::chrono::steady_clock::now() < end) continue;
    Add(context, "task-" + number, number + " " + std::to_string(getpid()));
    Add(context, "large-" + number, std::string(20'000, 'x'));
  }
  return std::nullopt;
}

}  // namespace headrace
