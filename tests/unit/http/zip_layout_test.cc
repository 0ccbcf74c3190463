#include "http/jobs/zip_layout.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace headrace {
namespace {

// A CRC-32 of its own, so that the test does not trust the code under test.
std::uint32_t Crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xEDB88320U : crc >> 1U;
  }
  return ~crc;
}

std::string MakeZip(const std::vector<std::pair<std::string, std::string>>& files) {
  ZipLayout layout;
  std::string zip;
  for (const auto& [name, bytes] : files) {
    zip += *layout.Add({name, bytes.size(), Crc32(bytes)});
    zip += bytes;
  }
  return zip + *layout.Finish();
}

// What python3's zipfile says of the file: its test, then "name size" of each entry.
std::string ReadByPython(const std::string& zip) {
  std::string path = std::filesystem::temp_directory_path() / "headrace-zip-XXXXXX";
  const int fd = ::mkstemp(path.data());
  EXPECT_GE(fd, 0);
  std::FILE* const out = ::fdopen(fd, "wb");
  EXPECT_EQ(std::fwrite(zip.data(), 1, zip.size(), out), zip.size());
  std::fclose(out);
  const std::string command =
      "python3 -c \"import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip()); "
      "[print(i.filename, i.file_size, i.compress_type) for i in z.infolist()]\" " +
      path;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::string output;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  EXPECT_EQ(::pclose(pipe), 0);
  std::filesystem::remove(path);
  return output;
}

TEST(ZipLayout, MakesAFileThatOthersRead) {
  const std::string zip =
      MakeZip({{"page-0001.png", "first"}, {"page-0002.png", ""}, {"\xC3\xA4.txt", "umlaut"}});
  EXPECT_EQ(ReadByPython(zip), "None\npage-0001.png 5 0\npage-0002.png 0 0\n\xC3\xA4.txt 6 0\n");
}

TEST(ZipLayout, MakesAnEmptyFile) { EXPECT_EQ(ReadByPython(MakeZip({})), "None\n"); }

TEST(ZipLayout, IsTheSameForTheSameParts) {
  EXPECT_EQ(MakeZip({{"a", "b"}}), MakeZip({{"a", "b"}}));
}

TEST(ZipLayout, RefusesWhatThePlainFormatCannotHold) {
  EXPECT_FALSE(ZipLayout().Add({"a", std::uint64_t{1} << 32U, 0}).ok());
  ZipLayout sum;
  ASSERT_TRUE(sum.Add({"a", 0xFFFFFFF0U, 0}).ok());
  EXPECT_FALSE(sum.Add({"b", 1, 0}).ok());
  EXPECT_FALSE(sum.Finish().ok());
  ZipLayout many;
  for (int i = 0; i < 65'535; ++i) ASSERT_TRUE(many.Add({"a", 0, 0}).ok());
  const auto refused = many.Add({"a", 0, 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().type, "result-too-large");
}

}  // namespace
}  // namespace headrace
