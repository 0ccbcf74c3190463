#include "http/edge/edge_transport.h"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace headrace {
namespace {

constexpr long kTickNanoseconds = 250'000'000;

Pistache::Polling::Tag TagOf(const UniqueFd& fd) {
  return Pistache::Polling::Tag(static_cast<Pistache::Polling::TagValue>(fd.get()));
}

}  // namespace

EdgeTransport::EdgeTransport(const std::shared_ptr<EdgeHandler>& handler)
    : Pistache::Tcp::Transport(handler),
      edge_handler_(handler),
      link_(std::make_shared<ReactorLink>(this)) {
  handler->Attach(link_);
}

EdgeTransport::~EdgeTransport() { link_->Detach(); }

std::shared_ptr<Pistache::Aio::Handler> EdgeTransport::clone() const {
  return std::make_shared<EdgeTransport>(std::make_shared<EdgeHandler>(*edge_handler_));
}

void EdgeTransport::registerPoller(Pistache::Polling::Epoll& poller) {
  Transport::registerPoller(poller);
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  itimerspec spec{};
  spec.it_value.tv_nsec = spec.it_interval.tv_nsec = kTickNanoseconds;
  if (!timer_ || ::timerfd_settime(timer_.get(), 0, &spec, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
  poller.addFd(timer_.get(),
               Pistache::Flags<Pistache::Polling::NotifyOn>(Pistache::Polling::NotifyOn::Read),
               TagOf(timer_));
  EdgeHub& hub = edge_handler_->hub();
  MutexLock lock(hub.mu);
  hub.reactors.push_back(link_);
}

void EdgeTransport::unregisterPoller(Pistache::Polling::Epoll& poller) {
  link_->Detach();
  if (timer_) {
    poller.removeFd(timer_.get());
    timer_.reset();
  }
  Transport::unregisterPoller(poller);
}

void EdgeTransport::onReady(const Pistache::Aio::FdSet& fds) {
  // What clients have sent comes before the look at who is silent.
  Transport::onReady(fds);
  for (const auto& entry : fds) {
    if (entry.getTag() == TagOf(timer_)) Tick();
  }
}

void EdgeTransport::Tick() {
  std::uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof expirations) < 0) return;
  const SteadyTime now = SteadyClock::now();
  link_->Turn(now);
  edge_handler_->OnTick(now);
}

}  // namespace headrace
