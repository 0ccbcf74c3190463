#include "config/load.h"

#include <gmock/gmock.h>

#include "config/keys.h"
#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadTest : public ConfigFixture {};

TEST_F(LoadTest, TheFileWinsOverTheDefaults) {
  const auto loaded = LoadWithQueue("server: {threads: 3, max_body: 1MiB}\nshutdown: {drain: 5m}");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.http.threads, 3U);
  EXPECT_EQ(loaded.config.http.max_body, 1U << 20U);
  EXPECT_EQ(loaded.config.http.idle_timeout, HttpOptions().idle_timeout);
  EXPECT_EQ(loaded.config.shutdown.drain, seconds(300));
}

TEST_F(LoadTest, TheEnvironmentWinsOverTheFile) {
  const auto loaded = LoadWithQueue(
      "server: {threads: 3}",
      {"HEADRACE_SERVER_THREADS=4", "HEADRACE_QUEUES_SIMULATE_CAPACITY=7", "PATH=/bin",
       "HEADRACE_QUEUES_SIMULATE_WORKERS=2", "HEADRACE_CONFIG=elsewhere"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.http.threads, 4U);
  ASSERT_EQ(loaded.config.queues.size(), 1U);
  EXPECT_EQ(loaded.config.queues.front().capacity, 7U);
  EXPECT_EQ(loaded.config.queues.front().workers, 2U);
}

TEST_F(LoadTest, TheEnvironmentReachesAQueueWithDashesInItsName) {
  const auto loaded = Load("queues: {pdf-to-image: {handler: pdf-to-image}}",
                           {"HEADRACE_QUEUES_PDF_TO_IMAGE_ISOLATION_MEMORY=512MiB"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.queues.at(0).isolation.memory, std::uint64_t{512} << 20U);
}

TEST_F(LoadTest, AnUnknownVariableIsRefused) {
  const auto loaded = LoadWithQueue("", {"HEADRACE_SERVER_THREAD=4"});
  EXPECT_THAT(loaded.problems,
              ElementsAre(HasSubstr("environment: HEADRACE_SERVER_THREAD: names no key")));
}

TEST_F(LoadTest, ABadVariableIsRefusedByItsNameAndKey) {
  const auto loaded = LoadWithQueue("", {"HEADRACE_SERVER_THREADS=many"});
  EXPECT_THAT(
      loaded.problems,
      ElementsAre(
          "environment: HEADRACE_SERVER_THREADS: server.threads: 'many' is not a whole number; "
          "allowed: a whole number of 1 to 256"));
}

TEST_F(LoadTest, FiveMistakesAreFiveLinesEachWithFileLinePathAndWhatIsAllowed) {
  const auto loaded = Load(
      "server:\n"
      "  threads: lots\n"
      "  max_body: 64\n"
      "  colour: blue\n"
      "queues:\n"
      "  simulate:\n"
      "    handler: simulat\n"
      "    capacity: -1\n"
      "    isolation: {mode: thread}\n");
  EXPECT_THAT(
      loaded.problems,
      ElementsAre(
          "f.yaml:2: server.threads: 'lots' is not a whole number; allowed: a whole number of 1 to "
          "256",
          "f.yaml:3: server.max_body: '64' is not a size; allowed: a size of 1B to 4GiB",
          HasSubstr("f.yaml:4: server.colour: unknown key; allowed: listen, threads, slots"),
          "f.yaml:7: queues.simulate.handler: 'simulat' is unknown; allowed: pdf-to-image, "
          "simulate",
          "f.yaml:8: queues.simulate.capacity: '-1' is not a whole number; allowed: a whole number "
          "of 0 to "
          "1000000"));
}

TEST_F(LoadTest, AnUnknownSectionIsOneLine) {
  const auto loaded = LoadWithQueue("servr: {listen: x, threads: 2}");
  EXPECT_THAT(loaded.problems, ElementsAre("f.yaml:1: servr: unknown key; allowed: server, "
                                           "management, memory, sandbox, executors, engine, "
                                           "auth, webhooks, tracing, log, "
                                           "shutdown, queues"));
}

TEST_F(LoadTest, ASectionThatIsAValueIsRefused) {
  EXPECT_THAT(LoadWithQueue("log: loud").problems,
              ElementsAre("f.yaml:1: log: must be a section; its keys: level, format"));
  EXPECT_THAT(Load("queues: [simulate]").problems,
              ElementsAre(HasSubstr("f.yaml:1: queues: must be a section")));
  EXPECT_THAT(Load("queues: {simulate: 1}").problems,
              ElementsAre(HasSubstr("f.yaml:1: queues.simulate: must be a section")));
}

TEST_F(LoadTest, AValueThatIsAListOrMissingIsRefused) {
  EXPECT_THAT(
      LoadWithQueue("server:\n  threads: [1]\n  listen:").problems,
      ElementsAre(
          "f.yaml:2: server.threads: must be one value; allowed: a whole number of 1 to 256",
          "f.yaml:3: server.listen: has no value; allowed: address:port"));
}

TEST_F(LoadTest, AKeyThatIsGivenTwiceIsRefused) {
  EXPECT_THAT(LoadWithQueue("log:\n  level: info\n  level: warn").problems,
              ElementsAre("f.yaml:3: level: is given twice, once is allowed"));
}

TEST_F(LoadTest, ASecondDocumentIsRefusedAndNotPassedOver) {
  const std::string queues = "queues: {simulate: {handler: simulate}}\n";
  const std::string auth = "auth: {mode: keys, file: /etc/keys}\n";
  const auto refused = ElementsAre(HasSubstr("f.yaml:3: what stands here is a second document"));
  EXPECT_THAT(Load(queues + "---\n" + auth).problems, refused);
  EXPECT_THAT(Load(queues + "...\n" + auth).problems, refused);
  EXPECT_THAT(Load("{" + queues + "}\n" + auth).problems, refused);
}

TEST_F(LoadTest, ADocumentMayHaveItsMarks) {
  EXPECT_THAT(Load("# a\n---\nqueues: {simulate: {handler: simulate, isolation: {mode: "
                   "thread}}}\n...\n# b\n")
                  .problems,
              IsEmpty());
}

TEST_F(LoadTest, WhatIsNoYamlIsRefusedWithItsLine) {
  EXPECT_THAT(Load("server:\n  threads: [1\n").problems, ElementsAre(HasSubstr("is not YAML: ")));
  EXPECT_THAT(Load("server:\n  threads: [1\n").problems.at(0), testing::StartsWith("f.yaml:3: "));
  EXPECT_THAT(Load("- a\n").problems,
              ElementsAre(HasSubstr("f.yaml:1: must be a map of sections")));
}

TEST_F(LoadTest, AFileThatIsNotThereIsRefused) {
  EXPECT_THAT(LoadFile(dir_ + "/none.yaml").problems,
              ElementsAre("none.yaml: cannot be read: No such file or directory"));
}

TEST_F(LoadTest, AnEmptyFileLacksQueues) {
  EXPECT_THAT(Load("").problems, ElementsAre(HasSubstr("queues: no queue is configured")));
  EXPECT_THAT(Load("queues: {}").problems,
              ElementsAre(HasSubstr("f.yaml:1: queues: no queue is configured")));
}

TEST_F(LoadTest, EveryKeyRefusesNonsenseAndReadsBackWhatItShows) {
  for (const auto& key : ProgramKeys()) {
    Config config;
    EXPECT_EQ(key.read(config, key.show(Config{})), std::nullopt) << key.path;
    EXPECT_EQ(key.show(config), key.show(Config{})) << key.path;
    EXPECT_FALSE(key.help.empty()) << key.path;
    const bool text = key.allowed == "address:port" || key.allowed.rfind("a path", 0) == 0 ||
                      key.allowed.rfind("addresses", 0) == 0 ||
                      key.allowed.rfind("names", 0) == 0 || key.allowed == "a name" ||
                      key.allowed.rfind("a URL", 0) == 0;
    EXPECT_EQ(key.read(config, "nonsense").has_value(), !text) << key.path;
  }
  for (const auto& key : QueueKeys()) {
    QueueConfig queue;
    EXPECT_EQ(key.read(queue, key.show(QueueConfig{})), std::nullopt) << key.path;
    EXPECT_EQ(key.show(queue), key.show(QueueConfig{})) << key.path;
  }
}

TEST_F(LoadTest, AFolderInPlaceOfTheFileIsAProblem) {
  EXPECT_THAT(LoadFile(dir_).problems, ElementsAre(HasSubstr("cannot be read: Is a directory")));
}

TEST_F(LoadTest, AnAliasThatStandsForWhatItIsInIsAProblem) {
  for (const char* const text :
       {"queues: &q {a: *q}", "&x [*x]", "queues: {a: {handler: &h [*h]}}"}) {
    EXPECT_THAT(Load(text).problems, testing::Contains(HasSubstr("is nested more than 32 deep")))
        << text;
  }
}

TEST_F(LoadTest, AliasesOfAliasesAreCounted) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string former = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + former;
    for (int j = 1; j < 10; ++j) text += ", " + former;
    text += "]\n";
  }
  EXPECT_THAT(Load(text).problems, testing::Contains(HasSubstr("more than 100000 values")));
}

// `headrace health` asks there.
TEST_F(LoadTest, TheEnvironmentCountsWhereTheFileCannotBeRead) {
  const auto loaded = Load("queues: [", {"HEADRACE_MANAGEMENT_LISTEN=127.0.0.1:9", "PATH=/bin"});
  EXPECT_THAT(loaded.problems, ElementsAre(HasSubstr("is not YAML")));
  EXPECT_EQ(loaded.config.management.listen, "127.0.0.1:9");
}

}  // namespace
}  // namespace headrace
