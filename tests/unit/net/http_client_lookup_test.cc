// A name server that does not answer holds nobody up.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "net/http_client.h"
#include "unit/net/client_fixture.h"
#include "unit/net/names.h"

namespace headrace {
namespace {

constexpr const char* kHangingName = "hangs.invalid";

// The test may run again in the same process: its lookups are answered once it has ended so often.
std::atomic<int> runs{0};

// Never destroyed: the lookup's thread belongs to nobody and may end after main.
Event& Asked() {
  static Event& event = *new Event;
  return event;
}
Event& Answered() {
  static Event& event = *new Event;
  return event;
}

class HttpClientLookup : public HttpClientTest {
 protected:
  HttpClientLookup() {
    ++runs;
    testing_support::SetName(kHangingName, [](int /*before*/) {
      Asked().Set();
      static_cast<void>(Answered().Wait(runs));
      return std::vector<std::string>();
    });
  }
  ~HttpClientLookup() override { Answered().Set(); }
};

TEST_F(HttpClientLookup, IsGivenUpAtACancelAndAtTheConnectTimeout) {
  options_.connect_timeout = std::chrono::minutes(1);
  const int asked = Asked().Count();
  SteadyTime cancelled;
  std::thread run([&] {
    EXPECT_EQ(Post("http://" + std::string(kHangingName) + "/").end, HttpEnd::kUnwanted);
    EXPECT_LT(SteadyClock::now() - cancelled, std::chrono::seconds(5));
  });
  EXPECT_TRUE(Asked().Wait(asked + 1));
  cancelled = SteadyClock::now();
  cancel_.Cancel(CancelReason::kDisconnected);
  run.join();

  client_.reset();
  cancel_ = CancelToken();
  options_.connect_timeout = std::chrono::milliseconds(30);
  const SteadyTime start = SteadyClock::now();
  EXPECT_EQ(Post("http://" + std::string(kHangingName) + "/").end, HttpEnd::kUnreachable);
  client_.reset();
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace headrace
