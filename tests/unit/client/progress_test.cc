// Lines of progress: their text, and what a terminal and a file get of them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/fd.h"
#include "client/progress_board.h"

namespace headrace {
namespace {

using testing::IsEmpty;

TEST(ProgressLine, HasABarWithATotal) {
  EXPECT_EQ(ProgressLine("a.pdf", {"running", "3 of 12", 3, 12}, 80),
            "a.pdf: running [#####---------------] 3 of 12");
  EXPECT_EQ(ProgressLine("a.pdf", {"running", "9 of 3", 9, 3}, 80),
            "a.pdf: running [####################] 9 of 3");
  EXPECT_EQ(ProgressLine("a.pdf", {"waiting", "1 before it"}, 80), "a.pdf: waiting, 1 before it");
}

TEST(ProgressLine, IsCutToTheTerminalByCharacters) {
  EXPECT_EQ(ProgressLine("äöü", {"running"}, 5), "äöü: ");
  EXPECT_EQ(ProgressLine("a", {"running", "x", 1, 2}, 12), "a: running [");
}

TEST(RoundSize, IsForPeople) {
  EXPECT_EQ(RoundSize(0), "0 B");
  EXPECT_EQ(RoundSize(1'023), "1023 B");
  EXPECT_EQ(RoundSize(1'536), "1.5 KiB");
  EXPECT_EQ(RoundSize(std::uint64_t{3} << 30), "3.0 GiB");
}

// What a board writes, in a pipe.
class ProgressBoardTest : public testing::Test {
 protected:
  ProgressBoardTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
  }
  std::string Written() {
    std::string text(65'536, '\0');
    const ssize_t got = ::read(read_.get(), text.data(), text.size());
    return text.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
  }

  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(ProgressBoardTest, AFileGetsALinePerNewsAndNotPerStep) {
  ProgressBoard board({write_.get(), false, false});
  const int line = board.Begin("a.pdf");
  board.Show(line, {"running", "1 of 9", 1, 9});
  for (std::uint64_t i = 2; i < 9; ++i) board.Show(line, {"running", "more", i, 9});
  board.Show(line, {"fetching its result", "1 B"});
  board.End(line, "done");
  EXPECT_EQ(Written(), "a.pdf: running, 1 of 9\na.pdf: fetching its result, 1 B\na.pdf: done\n");
}

TEST_F(ProgressBoardTest, ATerminalGetsLinesThatAreDrawnOver) {
  ProgressBoard board({write_.get(), true, false});
  const int a = board.Begin("a");
  const int b = board.Begin("b");
  board.Show(a, {"running"});
  EXPECT_EQ(Written(), "a: running\n");
  board.Show(b, {"waiting"});
  EXPECT_EQ(Written(), "\x1b[1A\r\x1b[Ja: running\nb: waiting\n");
  board.Complain("oh");
  EXPECT_EQ(Written(), "\x1b[2A\r\x1b[Jheadrace: oh\na: running\nb: waiting\n");
  board.End(a, "done");
  EXPECT_EQ(Written(), "\x1b[2A\r\x1b[Ja: done\nb: waiting\n");
}

TEST_F(ProgressBoardTest, ATerminalIsNotDrawnOnWithoutEnd) {
  ProgressBoard board({write_.get(), true, false});
  const int line = board.Begin("a");
  for (std::uint64_t i = 0; i < 1'000; ++i) board.Show(line, {"running", "x", i, 1'000});
  EXPECT_LT(Written().size(), 60'000U) << "a thousand bars would be more";
}

TEST_F(ProgressBoardTest, NothingIsLeftOfItOnATerminal) {
  {
    ProgressBoard board({write_.get(), true, false});
    board.Show(board.Begin("a"), {"running"});
    EXPECT_EQ(Written(), "a: running\n");
  }
  EXPECT_EQ(Written(), "\x1b[1A\r\x1b[J");
}

TEST_F(ProgressBoardTest, AResultIsNotDrawnOver) {
  ProgressBoard board({write_.get(), true, false});
  board.Show(board.Begin("a"), {"running"});
  EXPECT_EQ(Written(), "a: running\n");
  std::FILE* const stream = ::fdopen(::dup(write_.get()), "w");
  EXPECT_TRUE(board.PrintResult(stream, "page.png\n"));
  EXPECT_EQ(Written(), "\x1b[1A\r\x1b[Jpage.png\na: running\n");
  std::fclose(stream);
  std::FILE* const full = std::fopen("/dev/full", "w");
  EXPECT_FALSE(board.PrintResult(full, "x"));
  std::fclose(full);
}

TEST_F(ProgressBoardTest, QuietItOnlyComplains) {
  ProgressBoard board({write_.get(), true, true});
  const int line = board.Begin("a");
  board.Show(line, {"running"});
  board.Say("hello");
  board.End(line, "done");
  EXPECT_THAT(Written(), IsEmpty());
  board.Complain("oh");
  EXPECT_EQ(Written(), "headrace: oh\n");
}

}  // namespace
}  // namespace headrace
