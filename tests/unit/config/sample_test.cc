// config/headrace.yaml shows what is built in.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "config/command_keys.h"
#include "config/keys.h"
#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

const std::string kSample = HEADRACE_SAMPLE;

// Keys of handlers that the sample has not: examples/ocr and examples/command show them.
bool IsElsewhere(const Key<QueueConfig>& key) {
  return key.path.starts_with("ocr.") ||
         std::any_of(CommandKeys().begin(), CommandKeys().end(),
                     [&](const auto& command) { return command.path == key.path; });
}

class SampleTest : public ConfigFixture {
 protected:
  SampleTest() : loaded_(LoadFile(kSample)) {
    std::ifstream stream(kSample);
    for (std::string line; std::getline(stream, line);) lines_.push_back(line);
  }

  // The comment at the key's line and at those below it that hold nothing else, as one text.
  std::string CommentOf(const std::string& path) {
    const std::string& place = loaded_.given.at(path);
    auto index = static_cast<std::size_t>(std::stoi(place.substr(place.rfind(':') + 1))) - 1;
    std::string text;
    do {
      const auto hash = lines_.at(index).find("# ");
      if (hash != std::string::npos)
        text += (text.empty() ? "" : " ") + lines_.at(index).substr(hash + 2);
      ++index;
    } while (index < lines_.size() &&
             lines_.at(index).find_first_not_of(' ') != std::string::npos &&
             lines_.at(index).at(lines_.at(index).find_first_not_of(' ')) == '#');
    return text;
  }

  LoadedConfig loaded_;
  std::vector<std::string> lines_;
};

TEST_F(SampleTest, HasNoProblems) { EXPECT_THAT(loaded_.problems, testing::IsEmpty()); }

TEST_F(SampleTest, ShowsEveryKeyWithItsDefaultAndRange) {
  for (const auto& key : ProgramKeys()) {
    ASSERT_EQ(loaded_.given.count(key.path), 1U) << key.path << " is not shown";
    EXPECT_EQ(key.show(loaded_.config), key.show(Config{})) << key.path;
    EXPECT_THAT(CommentOf(key.path), testing::HasSubstr(key.allowed)) << key.path;
  }
}

TEST_F(SampleTest, ShowsEveryKeyOfAQueueWithItsDefaultAndRange) {
  ASSERT_EQ(loaded_.config.queues.size(), 2U);
  const QueueConfig& queue = loaded_.config.queues.front();
  ASSERT_EQ(queue.name, "pdf-to-image");
  for (const auto& key : QueueKeys()) {
    if (IsElsewhere(key)) continue;
    const std::string path = "queues.pdf-to-image." + key.path;
    ASSERT_EQ(loaded_.given.count(path), 1U) << path << " is not shown";
    EXPECT_THAT(CommentOf(path), testing::HasSubstr(key.allowed)) << path;
    if (key.path == "handler") continue;
    EXPECT_EQ(key.show(queue), key.show(QueueConfig{})) << path;
  }
}

TEST_F(SampleTest, HasTheQueueSimulateWithOneWorkerAndTenPlaces) {
  const QueueConfig& queue = loaded_.config.queues.at(1);
  EXPECT_EQ(queue.name, "simulate");
  EXPECT_EQ(queue.workers, 1U);
  EXPECT_EQ(queue.capacity, 10U);
  EXPECT_EQ(queue.path, "/put");
  EXPECT_EQ(queue.isolation.mode, IsolationMode::kThread);
}

}  // namespace
}  // namespace headrace
