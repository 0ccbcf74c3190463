// Names of files that a stranger has given.
#include "client/file_names.h"

#include <gmock/gmock.h>

#include <tuple>

#include "client/submit_command.h"

namespace headrace {
namespace {

TEST(SafeFileName, LeavesGoodNamesAsTheyAre) {
  for (const char* name : {"page-0001.png", "a b (1).txt", "straße.txt", "日本.pdf", "x"}) {
    EXPECT_EQ(SafeFileName(name), name);
  }
}

TEST(SafeFileName, IsNeverAPathNorHiddenNorAnOption) {
  for (const auto& [name, safe] : {
           std::tuple("../../etc/passwd", "___.._etc_passwd"),
           std::tuple("/etc/passwd", "_etc_passwd"),
           std::tuple("a/b\\c", "a_b_c"),
           std::tuple(".bashrc", "_bashrc"),
           std::tuple(".", "_"),
           std::tuple("..", "__"),
           std::tuple("-rf", "_rf"),
           std::tuple("", "part"),
       }) {
    EXPECT_EQ(SafeFileName(name), safe);
  }
}

TEST(SafeFileName, HasNothingThatATerminalWouldObey) {
  EXPECT_EQ(SafeFileName("a\x1b[2Jb\nc"), "a_[2Jb_c");
  EXPECT_EQ(SafeFileName(std::string_view("a\0b", 3)), "a_b");
  EXPECT_EQ(SafeFileName("a\xe2\x80\xae"
                         "b"),
            "a_b")
      << "the direction of writing";
  EXPECT_EQ(SafeFileName("a\xff"
                         "b"),
            "a_b");
}

TEST(SafeFileName, IsCutToWholeCharactersAndKeepsItsExtension) {
  const std::string longest = SafeFileName(std::string(5'000, 'a') + ".png");
  EXPECT_EQ(longest.size(), 200U);
  std::string umlauts;
  for (int i = 0; i < 150; ++i) umlauts += "ä";
  const std::string cut = SafeFileName(umlauts + ".png");
  EXPECT_LE(cut.size(), 200U);
  EXPECT_TRUE(cut.ends_with("ä.png")) << cut;
}

TEST(UniqueNames, NumbersThoseThatCameBefore) {
  UniqueNames names;
  EXPECT_EQ(names.Take("a.png"), "a.png");
  EXPECT_EQ(names.Take("a.png"), "a-2.png");
  EXPECT_EQ(names.Take("a.png"), "a-3.png");
  EXPECT_EQ(names.Take("a-2.png"), "a-2-2.png");
  EXPECT_EQ(names.Take("part"), "part");
  EXPECT_EQ(names.Take("part"), "part-2");
}

TEST(FoldersOf, SeveralFilesHaveOneEachAndASingleOneNone) {
  EXPECT_THAT(FoldersOf({"x/report.pdf"}), testing::ElementsAre(""));
  EXPECT_THAT(FoldersOf({"x/report.pdf", "y/report.pdf", "-", "..", "z/b"}),
              testing::ElementsAre("report", "report-2", "stdin", "__", "b"));
}

}  // namespace
}  // namespace headrace
