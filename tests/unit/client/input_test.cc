// Files, pipes and keys that the client reads.
#include "client/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/fd.h"
#include "client/exit_codes.h"
#include "client/key_file.h"
#include "support/folder.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Text(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  [[nodiscard]] std::string path() const { return fmt::format("/dev/fd/{}", read.get()); }
  UniqueFd read;
  UniqueFd write;
};

TEST(Input, AFileIsReadWhereItLies) {
  const Folder dir;
  const std::string file = dir.path() / "a";
  std::ofstream(file) << "hello";
  const auto input = OpenInput(file, {});
  ASSERT_TRUE(input.ok());
  EXPECT_TRUE(input->InMemfd());
  EXPECT_EQ(Text(*input), "hello");
}

TEST(Input, WhatComesFromAPipeIsWholeAndCanBeReadTwice) {
  Pipe pipe;
  const std::string text(3'000'000, 'x');
  std::thread writer([&] {
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t wrote = ::write(pipe.write.get(), text.data() + done, text.size() - done);
      if (wrote <= 0) break;
      done += static_cast<std::size_t>(wrote);
    }
    pipe.write.reset();
  });
  const auto input = OpenInput(pipe.path(), {});
  writer.join();
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(input->size(), text.size());
  EXPECT_TRUE(Text(*input) == text);
}

TEST(Input, APipeThatDoesNotEndIsLeftWhenItIsCancelled) {
  const Pipe pipe;
  CancelToken cancel;
  cancel.Cancel(CancelReason::kShutdown);
  const auto input = OpenInput(pipe.path(), cancel);
  ASSERT_FALSE(input.ok());
  EXPECT_EQ(ExitCodeOf(input.error().code), ExitCode::kInterrupted);
}

TEST(Input, SaysWhatIsWrongWithAFile) {
  const Folder dir;
  const auto missing = OpenInput(dir.path() / "no", {});
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().hint, HasSubstr("No such file"));
  EXPECT_EQ(ExitCodeOf(missing.error().code), ExitCode::kRefused);
  const auto folder = OpenInput(dir.path(), {});
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().hint, HasSubstr("Is a directory"));
  EXPECT_FALSE(OpenInput("/dev/fd/9999", {}).ok());
}

TEST(Input, ASmallFileHasItsLimit) {
  const Folder dir;
  std::ofstream(dir.path() / "a") << "12345";
  EXPECT_EQ(*ReadSmallFile(dir.path() / "a", 5), "12345");
  EXPECT_FALSE(ReadSmallFile(dir.path() / "a", 4).ok());
}

TEST(KeyFile, HoldsTheKeyInItsFirstLine) {
  const Folder dir;
  const std::string file = dir.path() / "key";
  std::ofstream(file) << "  0123456789abcdef\r\nsecond line\n";
  ::chmod(file.c_str(), 0600);
  const auto key = ReadKeyFile(file);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->key, "0123456789abcdef");
  EXPECT_THAT(key->warning, IsEmpty());
}

TEST(KeyFile, WarnsOfOneThatOthersMayRead) {
  const Folder dir;
  const std::string file = dir.path() / "key";
  std::ofstream(file) << "0123456789abcdef\n";
  ::chmod(file.c_str(), 0644);
  const auto key = ReadKeyFile(file);
  ASSERT_TRUE(key.ok());
  EXPECT_THAT(key->warning, HasSubstr("chmod 600"));
}

TEST(KeyFile, IsRefusedWithoutAKeyAndNeverShowsIt) {
  const Folder dir;
  for (const char* text : {"", "\n", "two words\n", "k\033ey\n", "schlüssel\n"}) {
    std::ofstream(dir.path() / "key") << text;
    const auto key = ReadKeyFile(dir.path() / "key");
    ASSERT_FALSE(key.ok()) << text;
    EXPECT_THAT(key.error().hint, HasSubstr("holds no key"));
  }
  EXPECT_FALSE(ReadKeyFile(dir.path() / "no").ok());
}

}  // namespace
}  // namespace headrace
