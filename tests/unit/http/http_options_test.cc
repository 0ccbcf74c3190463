#include "http/edge/http_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(HttpOptions, AreValidByDefault) {
  EXPECT_THAT(Validate(HttpOptions()), IsEmpty());
  EXPECT_THAT(Validate(ManagementOptions()), IsEmpty());
}

TEST(HttpOptions, NameEveryProblemAndWhatIsAllowed) {
  HttpOptions options;
  options.listen = "8080";
  options.threads = 0;
  options.idle_timeout = std::chrono::milliseconds(1);
  options.max_request_line = std::size_t{1} << 20;
  EXPECT_THAT(
      Validate(options),
      ElementsAre("server.listen: '8080' is not address:port (port 0 to 65535)",
                  "server.threads: 0 is below 1", "server.max_request_line: 1048576 is above 65536",
                  "server.idle_timeout: 1ms is below 100ms"));
}

TEST(ListenAddress, IsTakenApart) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(ParseListenAddress("[::1]:0")->host, "::1");
  for (const char* text : {"", ":80", "a", "a:", "a:65536", "a:-1", "a:1x", "::1:80", "[]:80"}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

}  // namespace
}  // namespace headrace
