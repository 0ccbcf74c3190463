#include "client/progress_board.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/memfd.h"

namespace headrace {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr std::chrono::seconds kBetweenLines{10};
constexpr std::size_t kUsualColumns = 80;

// SteadyTime::min() is too long ago to be subtracted from.
bool IsOver(SteadyTime since, std::chrono::milliseconds time) {
  return since == SteadyTime::min() || SteadyClock::now() - since >= time;
}

}  // namespace

ProgressBoard::~ProgressBoard() {
  const MutexLock lock(mu_);
  lines_.clear();
  if (drawn_ > 0) Redraw("");
}

int ProgressBoard::Begin(std::string label) {
  const MutexLock lock(mu_);
  lines_.push_back({next_, std::move(label), {}});
  return next_++;
}

void ProgressBoard::Show(int line, const ProgressStep& step) {
  if (options_.quiet) return;
  const MutexLock lock(mu_);
  const auto found = std::find_if(lines_.begin(), lines_.end(),
                                  [line](const Line& one) { return one.number == line; });
  if (found == lines_.end()) return;
  const bool news = found->step.what != step.what;
  found->step = step;
  if (!options_.terminal) return PrintStep(*found, news);
  if (news || IsOver(drawn_at_, kBetweenDrawings)) Redraw("");
}

void ProgressBoard::PrintStep(Line& line, bool news) {
  if (!news && !IsOver(line.printed, kBetweenLines)) return;
  line.printed = SteadyClock::now();
  Print(PlainProgressLine(line.label, line.step) + "\n");
}

void ProgressBoard::End(int line, std::string_view last) {
  const MutexLock lock(mu_);
  const auto found = std::find_if(lines_.begin(), lines_.end(),
                                  [line](const Line& one) { return one.number == line; });
  if (found == lines_.end()) return;
  std::string text;
  if (!last.empty() && !options_.quiet) text = fmt::format("{}: {}\n", found->label, last);
  lines_.erase(found);
  Redraw(text);
}

void ProgressBoard::Say(std::string_view text) {
  if (options_.quiet) return;
  const MutexLock lock(mu_);
  Redraw(fmt::format("{}\n", text));
}

void ProgressBoard::Complain(std::string_view text) {
  const MutexLock lock(mu_);
  Redraw(fmt::format("headrace: {}\n", text));
}

bool ProgressBoard::PrintResult(std::FILE* stream, std::string_view text) {
  const MutexLock lock(mu_);
  Print(TakeAway());
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  Redraw("");
  return written;
}

// What takes away what was drawn.
std::string ProgressBoard::TakeAway() {
  const std::size_t lines = std::exchange(drawn_, 0);
  return lines > 0 ? fmt::format("\x1b[{}A\r\x1b[J", lines) : "";
}

// Takes away what was drawn, prints what stays, and draws anew below it, in one write.
void ProgressBoard::Redraw(std::string_view above) {
  std::string text = TakeAway();
  text += above;
  if (options_.terminal && !options_.quiet) {
    const std::size_t columns = Columns();
    for (const Line& line : lines_) {
      if (line.step.what.empty()) continue;
      text += ProgressLine(line.label, line.step, columns) + "\n";
      ++drawn_;
    }
    drawn_at_ = SteadyClock::now();
  }
  Print(text);
}

// Who cannot be told is not told: the exit status says how it ended.
void ProgressBoard::Print(std::string_view text) {
  static_cast<void>(WriteAll(options_.fd, std::as_bytes(std::span(text))));
}

// One less than there are: the last one would make some terminals begin a line.
std::size_t ProgressBoard::Columns() const {
  winsize size{};
  const bool known = ::ioctl(options_.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

}  // namespace headrace
