// A name server that does not answer holds nobody up.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "net/http_client.h"
#include "unit/net/client_fixture.h"

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
  HttpClientLookup() { ++runs; }
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

// What libcurl's threads call, and this program has in the C library's place.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  using Function = int(const char*, const char*, const addrinfo*, addrinfo**);
  static Function* const real = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || std::string_view(name) != headrace::kHangingName) {
    return real(name, service, hints, found);
  }
  headrace::Asked().Set();
  static_cast<void>(headrace::Answered().Wait(headrace::runs));
  return EAI_FAIL;
}
