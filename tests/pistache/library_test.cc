// What the patched library promises by itself, without src/http: the faults that show only where
// its own parser and writers are used. The numbers are those of the list in
// third_party/pistache/README.md. HEADRACE_TEST_LIBRARY names the server program to ask.

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/raw_client.h"
#include "pistache/edge_process.h"
#include "support/event.h"

namespace headrace {
namespace {

using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(10);

// User and system time of a process so far.
std::chrono::milliseconds CpuTime(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
  const long ticks = std::stol(words.at(11)) + std::stol(words.at(12));
  return std::chrono::milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

class PistacheLibrary : public testing::Test {
 protected:
  static std::string Get(const std::string& query) {
    return GetRequest("/?" + query, "Connection: keep-alive\r\n");
  }

  // The answer to "stream", as far as it comes.
  std::string Stream() const {
    std::string text;
    try {
      RawClient client = edge_.Connect();
      client.Send(Get("stream"));
      while (!text.ends_with("\r\n0\r\n\r\n")) {
        const std::string some = client.ReadSome();
        if (some.empty()) break;
        text += some;
      }
    } catch (const std::runtime_error&) {  // no server any more
    }
    return text;
  }

  void ExpectStillServes() {
    ASSERT_TRUE(edge_.Alive());
    RawClient client = edge_.Connect();
    client.Send(Get("token=works"));
    const auto answer = client.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, "works");
  }

  // The server's.
  [[nodiscard]] std::ptrdiff_t OpenDescriptors() const {
    using Entries = std::filesystem::directory_iterator;
    return std::distance(Entries("/proc/" + std::to_string(edge_.pid()) + "/fd"), Entries());
  }

  EdgeProcess edge_{"HEADRACE_TEST_LIBRARY"};
};

TEST_F(PistacheLibrary, N03_AStreamMayBeWrittenByAnotherThread) {
  std::atomic<int> broken{0};
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        if (!Stream().ends_with("5\r\npiece\r\n0\r\n\r\n")) ++broken;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(broken, 0);
  ExpectStillServes();
}

TEST_F(PistacheLibrary, N16_OutOfDescriptorsTheAcceptThreadDoesNotSpin) {
  RawClient live = edge_.Connect();
  live.Send(Get("token=live"));
  ASSERT_TRUE(live.Read().has_value());
  const auto open = OpenDescriptors();
  const rlimit limit{static_cast<rlim_t>(open) + 2, static_cast<rlim_t>(open) + 2};
  ASSERT_EQ(prlimit(edge_.pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
  {
    std::list<RawClient> crowd;
    for (int i = 0; i < 20; ++i) crowd.push_back(edge_.Connect());  // too many
    const auto before = CpuTime(edge_.pid());
    live.Send(Get("ms=1000&token=later"));
    ASSERT_TRUE(live.Read().has_value());
    EXPECT_LT(CpuTime(edge_.pid()) - before, std::chrono::milliseconds(150));
  }
  // Until the server has heard that the crowd has left, it may refuse.
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() <= open; }));
  ExpectStillServes();
}

TEST_F(PistacheLibrary, N17_AClientThatLeavesAServedFileDoesNotEndTheProcess) {
  for (int i = 0; i < 50 && edge_.Alive(); ++i) {
    RawClient client = edge_.Connect();
    client.Send(Get("file=30000000"));
    for (int j = 0; j < 10; ++j) client.ReadSome();
    client.HalfClose();
    client.Reset();
  }
  ExpectStillServes();
}

TEST_F(PistacheLibrary, N18_TheWritePromisesOfClientsThatLeftAreSettled) {
  constexpr int kClients = 20;
  for (int i = 0; i < kClients; ++i) {
    RawClient client = edge_.Connect();
    client.Send(Get("count&bytes=30000000"));
    ASSERT_FALSE(client.ReadSome().empty());
    client.Reset();
  }
  RawClient asking = edge_.Connect();
  std::string settled;
  for (const auto end = steady_clock::now() + kPatience;
       settled != std::to_string(kClients) && steady_clock::now() < end;) {
    asking.Send(Get("settled"));
    const auto answer = asking.Read();
    ASSERT_TRUE(answer.has_value());
    settled = answer->body;
  }
  EXPECT_EQ(settled, std::to_string(kClients));
}

}  // namespace
}  // namespace headrace
