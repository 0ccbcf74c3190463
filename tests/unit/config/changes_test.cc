#include "config/changes.h"

#include <gmock/gmock.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/words.h"
#include "config/keys.h"
#include "config/queue_trees.h"
#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A key that is to change live is named here, too, and has a test that shows its effect. Every
// other one needs a restart.
const std::set<std::string>& LiveKeys() {
  static const std::set<std::string> kKeys{"server.max_body",          "server.max_request_line",
                                           "server.max_header_bytes",  "server.max_header_fields",
                                           "server.max_connections",   "server.tls.certificate",
                                           "server.tls.key",           "server.header_timeout",
                                           "server.body_timeout",      "server.min_body_rate",
                                           "server.idle_timeout",      "server.write_timeout",
                                           "server.min_write_rate",    "auth.file",
                                           "webhooks.secrets_file",    "log.level",
                                           "shutdown.delay",           "shutdown.drain",
                                           "queues.a.workers",         "queues.a.capacity",
                                           "queues.a.deadline",        "queues.a.expected_run",
                                           "queues.a.async_deadline",  "queues.a.run_timeout",
                                           "queues.a.result_ttl",      "queues.a.max_attempts",
                                           "queues.a.retry_on",        "queues.a.retry_delay",
                                           "queues.a.retry_max_delay", "queues.a.webhook_url"};
  return kKeys;
}

Config TwoQueues() {
  Config config;
  config.http.tls_certificate = "tls.crt";
  config.http.tls_key = "tls.key";
  config.queues.resize(2);
  config.queues[0].name = "a";
  config.queues[1].name = "b";
  return config;
}

// Gives the key another value than it has, whatever its type.
template <class T>
void Change(const Key<T>& key, T& target) {
  const std::string before = key.show(target);
  std::vector<std::string> texts{"7", "300", "64MiB", "2KiB", "7s", "11s", "20000", "0.5", "other"};
  if (key.allowed.starts_with("one of ")) texts = SplitWords(key.allowed.substr(7), ',');
  for (const std::string& text : texts) {
    if (!key.read(target, text) && key.show(target) != before) return;
  }
  FAIL() << "the test knows no value for " << key.path << " (" << key.allowed << ")";
}

TEST(Changes, EveryScalarKeyIsLiveOrNeedsARestartAndNoneGoesUnseen) {
  std::set<std::string> live;
  const auto expect = [&](const Config& changed, const std::string& path) {
    const auto changes = FindChanges(TwoQueues(), changed);
    ASSERT_EQ(changes.size(), 1U) << path;
    EXPECT_EQ(changes[0].path, path);
    EXPECT_NE(changes[0].live, changes[0].text.empty()) << path;
    if (changes[0].live) live.insert(path);
  };
  for (const auto& key : ProgramKeys()) {
    Config changed = TwoQueues();
    Change(key, changed);
    expect(changed, key.path);
  }
  for (const auto& key : QueueKeys()) {
    Config changed = TwoQueues();
    Change(key, changed.queues[0]);
    expect(changed, "queues.a." + key.path);
  }
  EXPECT_EQ(live, LiveKeys());
}

TEST(Changes, ListsAndMapsOfAQueueNeedARestart) {
  Config changed = TwoQueues();
  QueueConfig& queue = changed.queues[1];
  queue.command.command = {"true"};
  queue.command.exit_codes = {{2, 422}};
  queue.command.environment = {{"LANG", "C"}};
  queue.command.readable = {"/etc"};
  queue.command.writable = {"/tmp"};
  queue.params.push_back({.name = "dpi", .type = ParamType::kInteger, .maximum = 300});
  std::vector<KeyChange> all;
  for (const auto& tree : QueueTrees()) all.push_back({"queues.b." + tree.path, "", false});
  EXPECT_EQ(FindChanges(TwoQueues(), changed), all);
  Config again = changed;
  EXPECT_THAT(FindChanges(changed, again), IsEmpty());
  again.queues[1].params[0].maximum = 200;
  EXPECT_THAT(FindChanges(changed, again), ElementsAre(KeyChange{"queues.b.params", "", false}));
}

TEST(Changes, QueuesThatComeAndGoNeedARestartAndTheirOrderSaysNothing) {
  Config changed = TwoQueues();
  std::swap(changed.queues[0], changed.queues[1]);
  EXPECT_THAT(FindChanges(TwoQueues(), changed), IsEmpty());
  EXPECT_EQ(InOrderOf(TwoQueues(), changed).queues[0].name, "a");
  changed.queues[0].name = "c";
  EXPECT_THAT(FindChanges(TwoQueues(), changed),
              ElementsAre(KeyChange{"queues.b", "", false}, KeyChange{"queues.c", "", false}));
}

TEST(Changes, SayTheOldAndTheNewValueOfWhatIsLive) {
  Config changed = TwoQueues();
  changed.log.level = LogLevel::kDebug;
  changed.queues[0].capacity = 10;
  changed.queues[0].workers = 3;
  changed.queues[0].retry_on = {"crash"};
  EXPECT_THAT(FindChanges(TwoQueues(), changed),
              ElementsAre(KeyChange{"log.level", "info -> debug", true},
                          KeyChange{"queues.a.workers", "auto -> 3", true},
                          KeyChange{"queues.a.capacity", "64 -> 10", true},
                          KeyChange{"queues.a.retry_on", "crash, unavailable -> crash", true}));
}

TEST(Changes, AWebhooksUrlIsNotShown) {
  Config changed = TwoQueues();
  changed.queues[0].webhook_url = "https://hooks.example.com/token";
  EXPECT_THAT(FindChanges(TwoQueues(), changed),
              ElementsAre(KeyChange{"queues.a.webhook_url", "changed", true}));
}

TEST(Changes, TlsIsTurnedOnAndOffByARestart) {
  Config plain = TwoQueues();
  plain.http.tls_certificate.clear();
  plain.http.tls_key.clear();
  const auto both = UnorderedElementsAre(KeyChange{"server.tls.certificate", "", false},
                                         KeyChange{"server.tls.key", "", false});
  EXPECT_THAT(FindChanges(plain, TwoQueues()), both);
  EXPECT_THAT(FindChanges(TwoQueues(), plain), both);
}

}  // namespace
}  // namespace headrace
