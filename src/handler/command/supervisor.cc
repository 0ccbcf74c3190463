#include "handler/command/supervisor.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace headrace {
namespace {

constexpr std::chrono::milliseconds kUsual{100};
constexpr std::chrono::milliseconds kFirst{10};
constexpr std::chrono::milliseconds kLeast{5};
// Measuring takes at most a fifth of a core, so a folder full of small files is seen less often.
constexpr int kShareOfMeasuring = 4;

bool PeerClosed(const pollfd& polled) {
  return (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Waits until something happens. True: the service has closed its end.
bool Await(const Supervised& at_work) {
  std::array<pollfd, 3> polled{pollfd{at_work.socket, POLLRDHUP, 0},
                               pollfd{at_work.tree.signals(), POLLIN, 0},
                               pollfd{at_work.errors.reader(), POLLIN, 0}};
  if (poll(polled.data(), polled.size(), at_work.scratch.Wait()) < 0) return false;
  return PeerClosed(polled.front());
}

// Nothing as long as it goes on.
std::optional<RunEnd> Look(const Supervised& at_work, bool closed) {
  at_work.tree.Look();
  at_work.errors.Drain();
  if (const auto status = at_work.tree.status()) return RunEnd{RunEnd::Reason::kExited, *status};
  if (at_work.scratch.Look()) return RunEnd{RunEnd::Reason::kScratchFull};
  if (closed || at_work.tree.ToldToEnd()) return RunEnd{RunEnd::Reason::kCancelled};
  return std::nullopt;
}

}  // namespace

ScratchWatch::ScratchWatch(const Scratch& scratch, std::uint64_t limit, std::vector<FileId> known)
    : scratch_(scratch),
      limit_(limit),
      known_(std::move(known)),
      measured_(Clock::now()),
      next_(measured_ + kFirst) {}

int ScratchWatch::Wait() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kUsual).count());
}

bool ScratchWatch::Look() {
  if (full_ || Clock::now() < next_) return full_;
  return LookNow();
}

bool ScratchWatch::LookNow() {
  if (full_) return true;
  const auto start = Clock::now();
  std::uint64_t bytes = scratch_.Bytes(limit_);
  if (bytes <= limit_) bytes += MeasureHidden(ProcessTree::Tasks(), known_, limit_ - bytes);
  const auto now = Clock::now();
  full_ = bytes > limit_;
  // As long as it takes to fill half of the rest at the speed of the last time.
  Clock::duration wait = kUsual;
  if (!full_ && bytes > bytes_) {
    const double part = static_cast<double>(limit_ - bytes) / static_cast<double>(bytes - bytes_);
    const auto half = std::chrono::duration<double>(now - measured_) * (part / 2);
    if (half < kUsual) wait = std::chrono::duration_cast<Clock::duration>(half);
  }
  wait = std::max<Clock::duration>({wait, kLeast, (now - start) * kShareOfMeasuring});
  bytes_ = bytes;
  measured_ = now;
  next_ = now + wait;
  return full_;
}

RunEnd Supervise(StartedProgram program, const Supervised& at_work) {
  at_work.tree.Watch(program.child, std::move(program.inits_word));
  std::optional<RunEnd> end;
  while (!end) end = Look(at_work, Await(at_work));
  const bool patient = end->reason == RunEnd::Reason::kCancelled;
  at_work.tree.End(patient ? at_work.grace : std::chrono::milliseconds(0), at_work.errors.reader(),
                   [&] {
                     at_work.errors.Drain();
                     return !at_work.scratch.Look();
                   });
  at_work.errors.Drain();
  // What it wrote since it was measured the last time.
  if (end->reason == RunEnd::Reason::kExited && at_work.scratch.LookNow()) {
    end->reason = RunEnd::Reason::kScratchFull;
  }
  return *end;
}

}  // namespace headrace
