#include "handler/command/find_program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace headrace {
namespace {

class FindProgramTest : public testing::Test {
 protected:
  FindProgramTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-find-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    for (const char* folder : {"a", "b"}) std::filesystem::create_directory(dir_ + "/" + folder);
  }
  ~FindProgramTest() override { std::filesystem::remove_all(dir_); }

  void MakeFile(const std::string& name, bool executable) {
    std::ofstream(dir_ + name) << "#!/bin/sh\n";
    using std::filesystem::perms;
    std::filesystem::permissions(dir_ + name, executable ? perms::owner_all : perms::owner_read);
  }
  [[nodiscard]] std::string Path() const { return dir_ + "/a::relative:" + dir_ + "/b"; }

  std::string dir_;
};

TEST_F(FindProgramTest, AnAbsolutePathIsItselfIfItCanBeExecuted) {
  MakeFile("/a/tool", true);
  MakeFile("/a/text", false);
  EXPECT_EQ(FindProgram(dir_ + "/a/tool", ""), dir_ + "/a/tool");
  EXPECT_EQ(FindProgram(dir_ + "/a/text", ""), std::nullopt);
  EXPECT_EQ(FindProgram(dir_ + "/a", ""), std::nullopt) << "a folder";
  EXPECT_EQ(FindProgram(dir_ + "/nothing", ""), std::nullopt);
}

TEST_F(FindProgramTest, ANameIsTheFirstProgramOfThatNameInThePath) {
  MakeFile("/a/tool", false);
  MakeFile("/b/tool", true);
  EXPECT_EQ(FindProgram("tool", Path()), dir_ + "/b/tool");
  MakeFile("/a/other", true);
  MakeFile("/b/other", true);
  EXPECT_EQ(FindProgram("other", Path()), dir_ + "/a/other");
  EXPECT_EQ(FindProgram("nothing", Path()), std::nullopt);
  EXPECT_EQ(FindProgram("tool", ""), std::nullopt);
}

TEST_F(FindProgramTest, ARelativePathIsNone) {
  MakeFile("/b/tool", true);
  EXPECT_EQ(FindProgram("b/tool", dir_), std::nullopt);
  EXPECT_EQ(FindProgram("./tool", dir_ + "/b"), std::nullopt);
  EXPECT_EQ(FindProgram("", Path()), std::nullopt);
  EXPECT_EQ(FindProgram(std::string("tool\0x", 6), Path()), std::nullopt);
}

}  // namespace
}  // namespace headrace
