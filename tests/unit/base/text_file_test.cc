#include "base/text_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "support/folder.h"

namespace headrace {
namespace {

TEST(TextFileTest, IsReadWhole) {
  const Folder folder;
  const std::string file = folder.path() / "file";
  const std::string text(100'000, 'x');
  std::ofstream(file) << text;
  EXPECT_EQ(*ReadTextFile(file, text.size()), text);
  const auto larger = ReadTextFile(file, text.size() - 1);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().hint.find("is larger than "), 0U) << larger.error().hint;
}

TEST(TextFileTest, MayBeEmptyOrAPipe) {
  EXPECT_EQ(*ReadTextFile("/dev/null", 1), "");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "text", 4), 4);
  close(ends[1]);
  EXPECT_EQ(*ReadTextFile("/proc/self/fd/" + std::to_string(ends[0]), 4), "text");
  close(ends[0]);
}

TEST(TextFileTest, SaysWhyItCannotBeRead) {
  const Folder folder;
  const auto is_folder = ReadTextFile(folder.path(), 1);
  ASSERT_FALSE(is_folder);
  EXPECT_EQ(is_folder.error().hint, "cannot be read: Is a directory");
  const auto nothing = ReadTextFile(folder.path() / "none", 1);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().hint, "cannot be read: No such file or directory");
}

}  // namespace
}  // namespace headrace
