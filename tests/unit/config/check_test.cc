#include "config/check.h"

#include <gmock/gmock.h>

#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CheckTest : public ConfigFixture {};

TEST_F(CheckTest, AnAddressThatIsNoneIsRefused) {
  EXPECT_THAT(LoadWithQueue("server: {listen: nowhere}").problems,
              ElementsAre(HasSubstr("f.yaml:1: server.listen: 'nowhere' is not address:port")));
}

TEST_F(CheckTest, TwoListenersOnOneAddressAreRefused) {
  EXPECT_THAT(
      LoadWithQueue("server: {listen: '127.0.0.1:9000'}\nmanagement: {listen: '127.0.0.1:9000'}")
          .problems,
      ElementsAre(
          HasSubstr("f.yaml:2: management.listen: 127.0.0.1:9000 is server.listen as well")));
  EXPECT_TRUE(LoadWithQueue("server: {listen: '127.0.0.1:0'}\nmanagement: {listen: '127.0.0.1:0'}")
                  .problems.empty());
}

TEST_F(CheckTest, ABodyThatExceedsTheBudgetIsRefused) {
  EXPECT_THAT(LoadWithQueue("server: {max_body: 64MiB}\nmemory: {budget: 32MiB}").problems,
              ElementsAre(HasSubstr(
                  "f.yaml:1: server.max_body: 64MiB is more than memory.budget (32MiB)")));
}

TEST_F(CheckTest, KeysNeedTheirFileAndAFileTheirMode) {
  EXPECT_THAT(LoadWithQueue("auth: {mode: keys}").problems,
              ElementsAre(HasSubstr("auth.file: is missing; allowed: a file of lines TENANT")));
  EXPECT_THAT(LoadWithQueue("auth: {file: /etc/keys}").problems,
              ElementsAre(HasSubstr("f.yaml:1: auth.file: is for auth.mode: keys")));
  EXPECT_THAT(LoadWithQueue("auth: {mode: keys, file: /none/keys}").problems,
              ElementsAre(HasSubstr("auth.file: /none/keys: cannot be opened: No such file")));
}

TEST_F(CheckTest, AQueueWithoutHandlerIsRefusedWithTheKnownOnes) {
  EXPECT_THAT(
      Load("queues:\n  a: {workers: 1}").problems,
      ElementsAre("f.yaml:2: queues.a.handler: is missing; allowed: pdf-to-image, simulate"));
  EXPECT_THAT(
      Load("queues:\n  a:").problems,
      ElementsAre("f.yaml:2: queues.a.handler: is missing; allowed: pdf-to-image, simulate"));
}

TEST_F(CheckTest, AModeThatTheHandlerCannotRunInIsRefused) {
  EXPECT_THAT(
      Load("queues:\n  a: {handler: simulate}").problems,
      ElementsAre("f.yaml:2: queues.a.isolation.mode: handler simulate has no executor, allowed is "
                  "thread"));
  EXPECT_THAT(
      Load("queues:\n  a:\n    handler: pdf-to-image\n    isolation: {mode: thread}").problems,
      ElementsAre("f.yaml:4: queues.a.isolation.mode: handler pdf-to-image cannot run on a "
                  "thread, allowed is process"));
}

TEST_F(CheckTest, LimitsBesideModeThreadAreRefused) {
  EXPECT_THAT(Load("queues:\n  a:\n    handler: simulate\n    isolation:\n      mode: thread\n"
                   "      memory: 1GiB\n      cpu: 1s\n")
                  .problems,
              ElementsAre(HasSubstr("f.yaml:6: queues.a.isolation.memory: a thread has no limit"),
                          HasSubstr("f.yaml:7: queues.a.isolation.cpu: a thread has no limit")));
}

TEST_F(CheckTest, CpuTimeThatIsNotWholeSecondsIsRefused) {
  EXPECT_THAT(
      Load("queues:\n  a: {handler: pdf-to-image, isolation: {cpu: 1500ms}}").problems,
      ElementsAre(HasSubstr("f.yaml:2: queues.a.isolation.cpu: 1500ms is not whole seconds")));
}

TEST_F(CheckTest, LimitsOfPdfsAreForTheHandlerThatReadsThem) {
  EXPECT_TRUE(Load("queues:\n  a: {handler: pdf-to-image, pdf: {max_pages: 1}}").problems.empty());
  EXPECT_THAT(
      Load("queues:\n  a:\n    handler: simulate\n    isolation: {mode: thread}\n"
           "    pdf:\n      max_pages: 3\n      max_page_pixels: 100\n")
          .problems,
      ElementsAre(HasSubstr("f.yaml:6: queues.a.pdf.max_pages: handler simulate reads no PDF"),
                  HasSubstr("f.yaml:7: queues.a.pdf.max_page_pixels: handler simulate")));
  EXPECT_THAT(
      Load(
          "queues:\n  a: {handler: pdf-to-image, pdf: {max_pages: 0, max_page_pixels: 2000000000}}")
          .problems,
      ElementsAre(HasSubstr("max_pages: 0 is too small; allowed: a whole number of 1 to 4096"),
                  HasSubstr("max_page_pixels: 2000000000 is too large")));
}

TEST_F(CheckTest, ANameThatIsNoneIsRefused) {
  for (const char* name : {"Simulate", "a_b", "-a", "a.b", "a/b", "\"\""}) {
    EXPECT_THAT(Load(std::string("queues:\n  ") + name + ": {handler: simulate}").problems,
                ElementsAre(HasSubstr("is no name for a queue; allowed: 1 to 63 of a-z")))
        << name;
  }
  EXPECT_TRUE(IsQueueName("pdf-to-image"));
  EXPECT_TRUE(IsQueueName(std::string(63, 'a')));
  EXPECT_FALSE(IsQueueName(std::string(64, 'a')));
}

TEST_F(CheckTest, APathThatIsNoneOrTheApisIsRefused) {
  for (const char* path :
       {"put", "/", "/a/", "//a", "/a b", "/../x", "/v1", "/v1/queues", "/openapi.json"}) {
    EXPECT_THAT(
        Load(std::string("queues:\n  a: {handler: pdf-to-image, path: '") + path + "'}").problems,
        ElementsAre(HasSubstr("f.yaml:2: queues.a.path: ")))
        << path;
  }
  EXPECT_TRUE(Load("queues:\n  a: {handler: pdf-to-image, path: /old/put.php}").problems.empty());
}

TEST_F(CheckTest, OnePathForTwoQueuesIsRefused) {
  EXPECT_THAT(
      Load("queues:\n  a: {handler: pdf-to-image, path: /put}\n  b: {handler: pdf-to-image, path: "
           "/put}")
          .problems,
      ElementsAre(HasSubstr("f.yaml:3: queues.b.path: /put is the path of queue a as well")));
}

TEST_F(CheckTest, WebhooksThatNobodyCouldVerifyAreRefused) {
  EXPECT_THAT(
      LoadWithQueue("webhooks: {allow_hosts: [hooks.example.com]}").problems,
      ElementsAre(HasSubstr("webhooks.secrets_file: is missing; allowed: a file of lines")));
  EXPECT_THAT(
      LoadWithQueue("webhooks: {allow_hosts: ['https://a.example'], secrets_file: /none}").problems,
      testing::UnorderedElementsAre(
          HasSubstr("webhooks.allow_hosts: \"https://a.example\" is a URL"),
          HasSubstr("webhooks.secrets_file: /none")));
}

TEST_F(CheckTest, TracesNeedACollectorThatCanBeAsked) {
  EXPECT_THAT(LoadWithQueue("tracing: {endpoint: 'collector:4318', sample: 1.5}").problems,
              testing::UnorderedElementsAre(
                  HasSubstr("tracing.sample: '1.5' is no such number; allowed: a number of 0 to 1"),
                  HasSubstr("tracing.endpoint: ")));
  const LoadedConfig good =
      LoadWithQueue("tracing: {endpoint: 'http://collector:4318', sample: 0.125, queue: 10}",
                    {"HEADRACE_TRACING_SERVICE_NAME=mill"});
  EXPECT_THAT(good.problems, testing::IsEmpty());
  EXPECT_EQ(good.config.tracing.sample, 0.125);
  EXPECT_EQ(good.config.tracing.queue, 10U);
  EXPECT_EQ(good.config.tracing.service_name, "mill");
  for (const char* const bad : {"-0.1", "1e-3", "nan", "x", "''", "0.5x"}) {
    EXPECT_THAT(LoadWithQueue(std::string("tracing: {sample: ") + bad + "}").problems,
                ElementsAre(HasSubstr("tracing.sample: ")))
        << bad;
  }
}

TEST_F(CheckTest, AWebhookOfAQueueMustBeAllowed) {
  EXPECT_THAT(Load("queues:\n  a:\n    handler: pdf-to-image\n    webhook_url: https://a.example/")
                  .problems,
              ElementsAre(HasSubstr("f.yaml:4: queues.a.webhook_url: ")));
}

TEST_F(CheckTest, AnUnknownReasonToTryAgainIsRefused) {
  const std::string queue = "queues:\n  a:\n    handler: pdf-to-image\n    retry_on: ";
  EXPECT_THAT(Load(queue + "[crash, often]").problems,
              ElementsAre(HasSubstr("queues.a.retry_on: 'often' is unknown; allowed: crash, "
                                    "unavailable and upstream, or none")));
  for (const char* const good : {"none", "[crash, unavailable, upstream]"}) {
    EXPECT_TRUE(Load(queue + good).problems.empty()) << good;
  }
}

TEST_F(CheckTest, ADurableEngineNeedsAFolder) {
  EXPECT_THAT(LoadWithQueue("engine: {kind: sqlite, path: ''}").problems,
              ElementsAre(HasSubstr("engine.path: is missing")));
}

}  // namespace
}  // namespace headrace
