#include "handler/ocr/language_data.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace headrace {
namespace {

using testing::HasSubstr;

class LanguageDataTest : public testing::Test {
 protected:
  LanguageDataTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "headrace-ocr-XXXXXX").string();
    options_.data_dir = ::mkdtemp(pattern.data());
  }
  ~LanguageDataTest() override { std::filesystem::remove_all(options_.data_dir); }

  void Write(const std::string& language, const std::string& data) {
    std::ofstream(options_.data_dir + "/" + language + ".traineddata") << data;
  }

  std::string LoadingFails() {
    try {
      LoadLanguageData(options_);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing";
  }

  OcrOptions options_;
};

TEST_F(LanguageDataTest, GivesTesseractTheFilesOfTheLanguagesFromMemory) {
  Write("xyz", "the data");
  options_.languages = {"xyz"};
  LoadLanguageData(options_);
  std::filesystem::remove(options_.data_dir + "/xyz.traineddata");
  std::vector<char> data;
  ASSERT_TRUE(ReadLanguageData("memory/xyz.traineddata", &data));
  EXPECT_EQ(std::string(data.begin(), data.end()), "the data");
}

TEST_F(LanguageDataTest, KnowsNoOtherFiles) {
  std::vector<char> data;
  EXPECT_FALSE(ReadLanguageData("memory/abc.traineddata", &data));
  EXPECT_FALSE(ReadLanguageData("memory/xyz.user-words", &data));
  EXPECT_FALSE(ReadLanguageData("/etc/passwd", &data));
}

TEST_F(LanguageDataTest, NamesTheFileThatIsMissingAndTheWayOut) {
  options_.languages = {"chi_sim"};
  EXPECT_THAT(LoadingFails(), testing::AllOf(HasSubstr(options_.data_dir + "/chi_sim.traineddata"),
                                             HasSubstr("tesseract-ocr-chi-sim")));
}

TEST_F(LanguageDataTest, TakesAnEmptyFileForAMissingOne) {
  Write("eng", "");
  EXPECT_THAT(LoadingFails(), HasSubstr("eng.traineddata cannot be read"));
}

}  // namespace
}  // namespace headrace
