#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

#ifndef HEADRACE_SANITIZED  // whose address space has no such limit

// In bytes: proc_pid_statm(5).
std::size_t AddressSpace(pid_t pid) {
  std::size_t pages = 0;
  std::ifstream(fmt::format("/proc/{}/statm", pid)) >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Reload, WithoutMemoryForItNothingChanges) {
  ServiceProcess service("  simulate: {handler: simulate, isolation: {mode: thread}, workers: 1}");
  ASSERT_NE(service.port(), 0) << service.Log();
  const std::string before = service.Get("/v1/queues").body;
  std::ofstream(service.file(), std::ios::app)
      << '#' << std::string(std::size_t{8} << 20U, '-') << '\n';
  rlimit former{};
  ASSERT_EQ(::prlimit(service.pid(), RLIMIT_AS, nullptr, &former), 0);
  const rlimit tight{AddressSpace(service.pid()), former.rlim_max};
  ASSERT_EQ(::prlimit(service.pid(), RLIMIT_AS, &tight, nullptr), 0);
  service.Signal(SIGHUP);
  EXPECT_TRUE(service.AwaitLog("nothing is changed: there is no memory to read it with"));
  ASSERT_EQ(::prlimit(service.pid(), RLIMIT_AS, &former, nullptr), 0);
  EXPECT_EQ(service.Get("/v1/queues").body, before);
  EXPECT_EQ(service.Reload(), "applied");
}

#endif

}  // namespace
}  // namespace headrace::testing_support
