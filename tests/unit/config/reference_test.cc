// docs/configuration.md and config/headrace.yaml say what is declared.
#include "config/reference.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>

#include "config/keys.h"
#include "config/param_keys.h"
#include "config/queue_trees.h"
#include "config/sample.h"

namespace headrace {
namespace {

using testing::HasSubstr;

constexpr const char* kMend =
    "mend it: scripts/build dev headrace && scripts/config-docs build/dev/src/app/headrace";

std::string Contents(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string AllTables() {
  std::string text;
  for (const ReferenceTable& table : ReferenceTables()) text += table.text;
  return text;
}

// How often `part` stands in `text`.
std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ReferenceTest, TheDocumentHasEveryTableAsItIsDeclared) {
  const std::string document = Contents(HEADRACE_CONFIGURATION_PAGE);
  for (const ReferenceTable& table : ReferenceTables()) {
    EXPECT_TRUE(document.find(MarkedTable(table)) != std::string::npos)
        << "docs/configuration.md: the table '" << table.name << "' is not what is declared; "
        << kMend;
  }
}

TEST(ReferenceTest, TheSampleIsWhatIsDeclared) {
  EXPECT_TRUE(Contents(HEADRACE_SAMPLE) == SampleFile())
      << "config/headrace.yaml is not what is declared; " << kMend;
}

TEST(ReferenceTest, EveryKeyStandsInOneTable) {
  const std::string tables = AllTables();
  for (const auto& key : ProgramKeys()) {
    EXPECT_EQ(Count(tables, "| `" + key.path + "` |"), 1U) << key.path;
  }
  for (const auto& key : QueueKeys()) {
    EXPECT_EQ(Count(tables, "| `" + key.path + "` |"), 1U) << key.path;
  }
  for (const auto& key : QueueTrees()) {
    const bool others = key.path == "params";  // has a table of its own
    EXPECT_EQ(Count(tables, "| `" + key.path + "` |"), others ? 0U : 1U) << key.path;
  }
  for (const auto& key : ParamKeys().scalars) {
    EXPECT_EQ(Count(tables, "| `params.NAME." + key.path + "` |"), 1U) << key.path;
  }
}

TEST(ReferenceTest, ARowSaysTheDefaultWhatIsAllowedAndTheMeaning) {
  const std::string tables = AllTables();
  EXPECT_THAT(tables, HasSubstr("| `server.max_body` | `64MiB` | a size of 1B to 4GiB | longest "
                                "request body; longer: 413. *Live* |\n"));
  EXPECT_THAT(tables, HasSubstr("| `server.tls.certificate` | empty | a path, or empty | "));
  EXPECT_THAT(tables, HasSubstr("| `handler` | - | "));
  EXPECT_THAT(tables, HasSubstr("| `exit_codes` | none | "));
}

template <class Keys>
void ExpectSentences(const Keys& keys) {
  for (const auto& key : keys) {
    EXPECT_FALSE(key.allowed.empty()) << key.path;
    EXPECT_FALSE(key.help.empty()) << key.path;
    for (const std::string& text : {key.help, key.more}) {
      EXPECT_FALSE(text.ends_with('.')) << key.path << ": the table sets the periods itself";
      EXPECT_EQ(text.find('\n'), std::string::npos) << key.path;
    }
    EXPECT_EQ(key.help.find("]("), std::string::npos) << key.path << ": a link belongs into More()";
  }
}

TEST(ReferenceTest, EveryKeySaysWhatItMeans) {
  ExpectSentences(ProgramKeys());
  ExpectSentences(QueueKeys());
  ExpectSentences(QueueTrees());
  ExpectSentences(ParamKeys().scalars);
  ExpectSentences(ParamKeys().trees);
}

}  // namespace
}  // namespace headrace
