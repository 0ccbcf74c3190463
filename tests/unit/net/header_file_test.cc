#include "net/header_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/folder.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HeaderFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string Problem() const {
    const auto fields = ReadHeaderFile(file_, {});
    return fields.ok() ? "none" : fields.error().hint;
  }

  const Folder folder_;
  const std::string file_ = folder_.path() / "headers";
};

TEST_F(HeaderFileTest, HasFieldsCommentsAndEmptyLines) {
  std::ofstream(file_) << "# for the collector\n\n Authorization:  Bearer a \r\nX-Tenant: blue";
  const auto fields = ReadHeaderFile(file_, {});
  ASSERT_TRUE(fields.ok());
  EXPECT_THAT(*fields, ElementsAre("Authorization: Bearer a", "X-Tenant: blue"));
}

TEST_F(HeaderFileTest, CountsAllLinesInWhatItSaysOfOne) {
  std::ofstream(file_) << "# first\n\nX-Tenant: blue\ntiger\n";
  EXPECT_EQ(Problem(), "'" + file_ + "' line 4 is not 'Name: value'");
}

// A request has a deadline and may be cancelled, an open for reading that waits for a writer not.
TEST_F(HeaderFileTest, IsRefusedAtOnceIfItIsAFifo) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(Problem(), "'" + file_ + "' is no file");
}

TEST_F(HeaderFileTest, IsRefusedIfItIsALineWithoutEnd) {
  EXPECT_THAT(ReadHeaderFile("/dev/zero", {}).error().hint, HasSubstr("is no file"));
  std::ofstream(file_) << "X: " << std::string(std::size_t{1} << 20U, 'x');
  EXPECT_THAT(Problem(), HasSubstr("' is larger than 64KiB"));
}

}  // namespace
}  // namespace headrace
