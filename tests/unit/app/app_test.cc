#include "app/app.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "app/builtin_handlers.h"
#include "app/plan.h"
#include "app/stop_signals.h"
#include "support/folder.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";

// Files that were good when the configuration was read, and are being written when it starts.
class AppTest : public testing::Test {
 protected:
  AppTest() {
    config_.http.listen = "127.0.0.1:0";
    config_.management.listen = "127.0.0.1:0";
    config_.queues.resize(1);
    config_.queues[0].name = "simulate";
    config_.queues[0].handler = "simulate";
    config_.queues[0].isolation.mode = IsolationMode::kThread;
  }

  void Write(const std::string& text) const {
    std::ofstream(file_) << text;
    ::chmod(file_.c_str(), 0600);
  }

  // Why it does not start; empty: it does.
  std::string Problem() {
    const auto plan = MakePlan(config_);
    if (!plan) return "no plan: " + plan.error().hint;
    App app(config_, *plan, handlers_.registry(), "/nowhere");
    const auto started = app.Start(stop_);
    return started.ok() ? "" : started.error().hint;
  }

  const Folder folder_;
  const std::string file_ = folder_.path() / "file";
  Config config_;
  BuiltinHandlers handlers_;
  StopSignals stop_;
};

TEST_F(AppTest, DoesNotStartWithAFileOfSecretsThatHasNoneAnyMore) {
  config_.webhooks.policy.allow_hosts = {"example.com"};
  config_.webhooks.secrets_file = file_;
  Write(kSecret);
  EXPECT_EQ(Problem(), "");
  Write("");
  EXPECT_THAT(Problem(), AllOf(HasSubstr("webhooks.secrets_file: "), HasSubstr("has no secret")));
}

TEST_F(AppTest, DoesNotStartWithAFileOfKeysThatIsHalfWritten) {
  config_.auth.mode = AuthMode::kKeys;
  config_.auth.file = file_;
  const std::string key = "alice " + std::string(64, 'a') + "\n";
  Write(key);
  EXPECT_EQ(Problem(), "");
  Write(key + "bob 12");
  EXPECT_THAT(Problem(), AllOf(HasSubstr("auth.file: "), HasSubstr("file:2: the key's digest")));
}

}  // namespace
}  // namespace headrace
