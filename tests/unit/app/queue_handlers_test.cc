#include "app/queue_handlers.h"

#include <gmock/gmock.h>

#include "app/builtin_handlers.h"

namespace headrace {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class QueueHandlersTest : public testing::Test {
 protected:
  QueueHandlersTest() {
    config_.queues.resize(3);
    config_.queues[0].handler = "ocr";
    config_.queues[0].ocr.languages = {"deu"};
    config_.queues[1].handler = "pdf-to-image";
    config_.queues[2].handler = "ocr";
  }

  Config config_;
  BuiltinHandlers handlers_;
};

TEST_F(QueueHandlersTest, EachQueueOfTheHandlerOcrTakesItsOwnLanguages) {
  const QueueHandlers infos(config_, handlers_.registry());
  EXPECT_EQ(infos.Of(0).params.at(0).default_value, "deu");
  EXPECT_EQ(infos.Of(2).params.at(0).default_value, "eng");
  EXPECT_EQ(&infos.Of(1), &handlers_.registry().Find("pdf-to-image")->info);
}

TEST_F(QueueHandlersTest, ExecutorsLearnTheKeysOfTheirQueue) {
  const HandlerEntry& handler = *handlers_.registry().Find("ocr");
  EXPECT_THAT(ExecutorArguments(config_.queues[0], handler), Contains("--languages=deu"));
  config_.queues[1].pdf.max_pages = 7;
  EXPECT_THAT(ExecutorArguments(config_.queues[1], handler), Contains("--max-pages=7"));
}

TEST_F(QueueHandlersTest, QueuesThatDeclareParametersTakeThem) {
  ParamSpec spec;
  spec.name = "layout";
  config_.queues[0].handler = "command";
  config_.queues[0].params = {spec};
  config_.queues[1].handler = "http";
  config_.queues[1].params = {spec};
  config_.queues[2].handler = "command";
  const QueueHandlers infos(config_, handlers_.registry());
  EXPECT_EQ(infos.Of(0).name, "command");
  EXPECT_EQ(infos.Of(0).params.at(0).name, "layout");
  EXPECT_EQ(infos.Of(1).name, "http");
  EXPECT_EQ(infos.Of(1).params.at(0).name, "layout");
  EXPECT_EQ(infos.Of(2).params.size(), 0U);
}

TEST_F(QueueHandlersTest, AProgramThatWritesNoFilesHasResultsOfOneType) {
  for (QueueConfig& queue : config_.queues) {
    queue.handler = "command";
    queue.command.command = {"cat"};
    queue.command.output_type = "text/plain";
  }
  config_.queues[1].command.command = {"cat", "{output}"};
  config_.queues[2].command.protocol = CommandOptions::Protocol::kFrames;
  const QueueHandlers infos(config_, handlers_.registry());
  EXPECT_THAT(infos.Of(0).result_types, ElementsAre("text/plain"));
  EXPECT_THAT(infos.Of(1).result_types, IsEmpty());
  EXPECT_THAT(infos.Of(2).result_types, IsEmpty());
}

TEST_F(QueueHandlersTest, ACommandLearnsWhatThePlanAndOtherKeysSay) {
  QueueConfig& queue = config_.queues[1];
  queue.handler = "command";
  queue.command.command = {"true"};
  queue.command.scratch = 5;
  queue.isolation.cpu = std::chrono::seconds(7);
  queue.isolation.priority = ExecutorPriority::kIdle;
  ParamSpec open;
  open.name = "layout";
  ParamSpec secret;
  secret.name = "password";
  secret.secret = true;
  queue.params = {open, secret};
  config_.spool_dir = "/var/spool";
  config_.max_result = 11;
  config_.sandbox = SandboxMode::kRequired;
  Plan plan;
  plan.executor_memory = {1, 2, 3};

  CommandOptions options = CommandOptionsOf(config_, plan, 1);
  EXPECT_THAT(options.command, testing::ElementsAre("true"));
  EXPECT_EQ(options.scratch, 5U);
  EXPECT_EQ(options.scratch_dir, "/var/spool");
  EXPECT_EQ(options.memory, 2U);
  EXPECT_EQ(options.cpu, std::chrono::seconds(7));
  EXPECT_EQ(options.max_result, 11U);
  EXPECT_EQ(options.priority, ExecutorPriority::kIdle);
  EXPECT_TRUE(options.sandbox_required);
  EXPECT_THAT(options.secret_params, testing::ElementsAre("password"));

  config_.spool_dir.clear();
  queue.isolation.cpu.reset();
  options = CommandOptionsOf(config_, plan, 1);
  EXPECT_EQ(options.scratch_dir, "/tmp");
  EXPECT_EQ(options.cpu, kDefaultExecutorCpu);
}

TEST_F(QueueHandlersTest, ExecutorsOfALinkedHandlerLearnWhatItsEntrySays) {
  HandlerEntry linked;
  linked.arguments = {"--handler=mine"};
  config_.queues[1].handler = "mine";
  EXPECT_EQ(ExecutorArguments(config_.queues[1], linked), linked.arguments);
}

}  // namespace
}  // namespace headrace
