// The files of a result: all of them, or none.
#include "client/result_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "client/exit_codes.h"
#include "support/folder.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Status Put(ResultFolder& folder, const std::string& name, const std::string& text) {
  if (auto begun = folder.BeginPart(name); !begun) return begun;
  if (auto written = folder.WritePart(text); !written) return written;
  return folder.EndPart();
}

TEST(ResultFolder, FilesStandInTheirPlaceOnlyWhenAllAreThere) {
  const Folder dir;
  ResultFolder folder({dir.path(), "", false});
  ASSERT_TRUE(Put(folder, "a.png", "A").ok());
  ASSERT_TRUE(Put(folder, "b.png", "BB").ok());
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "a.png"));
  ASSERT_TRUE(folder.Commit().ok());
  EXPECT_THAT(Names(dir.path()), ElementsAre("a.png", "b.png"));
  EXPECT_EQ(Text(dir.path() / "b.png"), "BB");
  EXPECT_THAT(folder.files(), ElementsAre(dir.path() / "a.png", dir.path() / "b.png"));
}

TEST(ResultFolder, AFileIsAsTheUsersOtherFilesAre) {
  const Folder dir;
  const mode_t mask = ::umask(022);
  ResultFolder folder({dir.path(), "", false});
  ASSERT_TRUE(Put(folder, "a", "A").ok());
  ASSERT_TRUE(folder.Commit().ok());
  ::umask(mask);
  struct stat status {};
  ASSERT_EQ(::stat((dir.path() / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST(ResultFolder, NothingIsLeftOfAHalfResult) {
  const Folder dir;
  {
    ResultFolder folder({dir.path(), "", false});
    ASSERT_TRUE(Put(folder, "a.png", "A").ok());
    ASSERT_TRUE(folder.BeginPart("b.png").ok());
    ASSERT_TRUE(folder.WritePart("half").ok());
  }
  EXPECT_THAT(Names(dir.path()), IsEmpty());
}

TEST(ResultFolder, AFileThatIsThereStaysAsItIsWithoutForce) {
  const Folder dir;
  std::ofstream(dir.path() / "a.png") << "mine";
  {
    ResultFolder folder({dir.path(), "", false});
    const auto begun = folder.BeginPart("a.png");
    ASSERT_FALSE(begun.ok());
    EXPECT_THAT(begun.error().hint, HasSubstr("--force"));
    EXPECT_EQ(ExitCodeOf(begun.error().code), ExitCode::kRefused);
  }
  EXPECT_EQ(Text(dir.path() / "a.png"), "mine");
  EXPECT_THAT(Names(dir.path()), ElementsAre("a.png"));
  ResultFolder forced({dir.path(), "", true});
  ASSERT_TRUE(Put(forced, "a.png", "new").ok());
  ASSERT_TRUE(forced.Commit().ok());
  EXPECT_EQ(Text(dir.path() / "a.png"), "new");
}

TEST(ResultFolder, AFileThatCameMeanwhileStaysAndNoOtherIsPut) {
  const Folder dir;
  ResultFolder folder({dir.path(), "", false});
  ASSERT_TRUE(Put(folder, "a", "A").ok());
  ASSERT_TRUE(Put(folder, "b", "B").ok());
  std::ofstream(dir.path() / "b") << "mine";
  EXPECT_FALSE(folder.Commit().ok());
  folder.Discard();
  EXPECT_THAT(Names(dir.path()), ElementsAre("b"));
  EXPECT_EQ(Text(dir.path() / "b"), "mine");
}

TEST(ResultFolder, ADanglingLinkIsNoWayOut) {
  const Folder dir;
  std::filesystem::create_symlink(dir.path() / "elsewhere", dir.path() / "a");
  ResultFolder folder({dir.path(), "", false});
  EXPECT_FALSE(folder.BeginPart("a").ok());
  ResultFolder forced({dir.path(), "", true});
  ASSERT_TRUE(Put(forced, "a", "A").ok());
  ASSERT_TRUE(forced.Commit().ok());
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "elsewhere"));
  EXPECT_EQ(Text(dir.path() / "a"), "A");
}

TEST(ResultFolder, NoNameLeadsOutOfTheFolderAndEqualOnesStandBesideEachOther) {
  const Folder dir;
  std::filesystem::create_directory(dir.path() / "in");
  ResultFolder folder({dir.path() / "in", "", false});
  for (const char* name : {"../evil", "/etc/evil", "a/b", "a_b", ".."}) {
    ASSERT_TRUE(Put(folder, name, name).ok());
  }
  ASSERT_TRUE(folder.Commit().ok());
  EXPECT_THAT(Names(dir.path()), ElementsAre("in"));
  EXPECT_THAT(Names(dir.path() / "in"), ElementsAre("__", "___evil", "_etc_evil", "a_b", "a_b-2"));
}

TEST(ResultFolder, AFolderOfItsOwnIsMadeWithTheResultAndNotBefore) {
  const Folder dir;
  ResultFolder folder({dir.path(), "report", false});
  ASSERT_TRUE(Put(folder, "a", "A").ok());
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "report"));
  ASSERT_TRUE(folder.Commit().ok());
  EXPECT_EQ(Text(dir.path() / "report" / "a"), "A");
}

TEST(ResultFolder, ARestartedPartForgetsWhatItHad) {
  const Folder dir;
  ResultFolder folder({dir.path(), "", false});
  ASSERT_TRUE(folder.BeginPart("a").ok());
  ASSERT_TRUE(folder.WritePart("wrong").ok());
  EXPECT_EQ(folder.part_bytes(), 5U);
  ASSERT_TRUE(folder.RestartPart().ok());
  ASSERT_TRUE(folder.WritePart("ok").ok());
  ASSERT_TRUE(folder.EndPart().ok());
  EXPECT_EQ(folder.bytes(), 2U);
  ASSERT_TRUE(folder.Commit().ok());
  EXPECT_EQ(Text(dir.path() / "a"), "ok");
}

TEST(PrepareFolder, MakesItOrSaysWhyNot) {
  const Folder dir;
  EXPECT_TRUE(PrepareFolder(dir.path() / "x" / "y").ok());
  EXPECT_TRUE(std::filesystem::is_directory(dir.path() / "x" / "y"));
  std::ofstream(dir.path() / "file") << "x";
  const auto file = PrepareFolder(dir.path() / "file");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().hint, HasSubstr("Not a directory"));
  EXPECT_FALSE(PrepareFolder("/proc/headrace").ok());
}

}  // namespace
}  // namespace headrace
