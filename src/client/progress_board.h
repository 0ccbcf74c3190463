#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"
#include "client/progress_line.h"

namespace headrace {

struct BoardOptions {
  int fd = 2;             // not owned
  bool terminal = false;  // lines are drawn over; else one is printed at news, or every 10 s
  bool quiet = false;     // complaints only
};

// What jobs under way are doing, on standard error, with complaints in between. Thread-safe.
class ProgressBoard {
 public:
  explicit ProgressBoard(BoardOptions options) : options_(options) {}
  ~ProgressBoard();
  ProgressBoard(const ProgressBoard&) = delete;
  ProgressBoard& operator=(const ProgressBoard&) = delete;

  // A new line; `label` has nothing in it that a terminal would obey. End takes it away.
  int Begin(std::string label);
  void Show(int line, const ProgressStep& step);
  // `last`: what remains to be read of it; empty: nothing.
  void End(int line, std::string_view last);

  // A result's text to standard output, which may be the same terminal. False: it was not written.
  bool PrintResult(std::FILE* stream, std::string_view text);

  // A line that stays, unless it is to be quiet.
  void Say(std::string_view text);
  // The same, in any case: "headrace: text".
  void Complain(std::string_view text);

 private:
  struct Line {
    int number;
    std::string label;
    ProgressStep step;
    SteadyTime printed = SteadyTime::min();
  };

  void Print(std::string_view text) REQUIRES(mu_);
  void Redraw(std::string_view above) REQUIRES(mu_);
  [[nodiscard]] std::string TakeAway() REQUIRES(mu_);
  void PrintStep(Line& line, bool news) REQUIRES(mu_);
  [[nodiscard]] std::size_t Columns() const;

  const BoardOptions options_;
  Mutex mu_;
  std::vector<Line> lines_ GUARDED_BY(mu_);
  int next_ GUARDED_BY(mu_) = 0;
  std::size_t drawn_ GUARDED_BY(mu_) = 0;  // lines on the terminal that are drawn over
  SteadyTime drawn_at_ GUARDED_BY(mu_) = SteadyTime::min();
};

}  // namespace headrace
