#include "app/queue_handlers.h"

#include <gmock/gmock.h>

#include "app/builtin_handlers.h"

namespace headrace {
namespace {

using testing::Contains;

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

TEST_F(QueueHandlersTest, ExecutorsOfALinkedHandlerLearnWhatItsEntrySays) {
  HandlerEntry linked;
  linked.arguments = {"--handler=mine"};
  config_.queues[1].handler = "mine";
  EXPECT_EQ(ExecutorArguments(config_.queues[1], linked), linked.arguments);
}

}  // namespace
}  // namespace headrace
