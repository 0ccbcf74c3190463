#include "handler/sandbox/service_processes.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "base/words.h"

namespace headrace {
namespace {

// So many fit in a filter. From Landlock's ABI 6 on it forbids signals to all others anyway.
constexpr std::size_t kMostUntouched = 1500;

}  // namespace

std::vector<pid_t> ReadPids(const char* file) {
  std::vector<pid_t> numbers;
  std::ifstream text(file);
  for (pid_t number = 0; text >> number;) numbers.push_back(number);
  return numbers;
}

std::vector<pid_t> ServiceProcesses(pid_t service, pid_t zygote) {
  std::vector<pid_t> pids{service, zygote, getpid(), getpgid(service)};
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(service) + "/task";
  for (std::filesystem::directory_iterator task(tasks, error), end; task != end && !error;
       task.increment(error)) {
    pids.push_back(ParseNumberAll<pid_t>(task->path().filename().native()).value_or(service));
    const auto children = ReadPids((task->path() / "children").c_str());
    pids.insert(pids.end(), children.begin(), children.end());
  }
  pids.resize(std::min(pids.size(), kMostUntouched));
  std::erase_if(pids, [](pid_t pid) { return pid <= 1; });
  return pids;
}

}  // namespace headrace
