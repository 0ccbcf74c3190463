#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headrace {

// Files in a folder of the test's own.
class FileFixture : public testing::Test {
 protected:
  FileFixture() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-upstream-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileFixture() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string file = folder_ + "/" + name;
    std::ofstream(file) << text;
    return file;
  }

  std::string folder_;
};

}  // namespace headrace
