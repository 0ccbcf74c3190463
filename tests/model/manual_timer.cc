#include "manual_timer.h"

#include <iterator>
#include <map>
#include <utility>

#include "base/timer.h"

namespace headrace {
namespace {

struct Scheduled {
  const Timer* owner;
  std::function<void()> callback;
};

std::map<Timer::Ticket, Scheduled>& All() {
  static std::map<Timer::Ticket, Scheduled> all;
  return all;
}

std::uint64_t last_number = 0;

}  // namespace

Timer::Timer() = default;
Timer::~Timer() { Stop(); }

void Timer::Stop() {
  std::erase_if(All(), [this](const auto& entry) { return entry.second.owner == this; });
}

Timer::Ticket Timer::Schedule(Deadline deadline, std::function<void()> callback) {
  if (deadline.IsNever()) return {};
  const Ticket ticket{deadline.time(), ++last_number};
  All().emplace(ticket, Scheduled{this, std::move(callback)});
  return ticket;
}

void Timer::Cancel(const Ticket& ticket) { All().erase(ticket); }

std::size_t Timer::Pending() const { return All().size(); }

namespace model {

std::size_t ManualTimers::Pending() { return All().size(); }

SteadyTime ManualTimers::DeadlineOf(std::size_t which) {
  return std::next(All().begin(), static_cast<std::ptrdiff_t>(which))->first.time;
}

void ManualTimers::Fire(std::size_t which) {
  auto node = All().extract(std::next(All().begin(), static_cast<std::ptrdiff_t>(which)));
  node.mapped().callback();
}

}  // namespace model
}  // namespace headrace
