#include "handler/pool/spawn_queue.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace headrace {

SpawnQueue::SpawnQueue() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  // Made once at the start of the program, which cannot go on without it.
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  // Who started the service may have had it ignored, which is inherited: children would be reaped
  // by the kernel, untold, and their numbers would be anybody's.
  signal(SIGCHLD, SIG_DFL);
}

void SpawnQueue::Add(Client& client) { clients_.push_back(&client); }

void SpawnQueue::Remove(Client& client) { std::erase(clients_, &client); }

bool SpawnQueue::Watch(int fd, Client& client) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &client;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void SpawnQueue::Forget(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void SpawnQueue::RunPending() {
  std::array<epoll_event, 16> events{};
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), /*timeout=*/0);
  for (int i = 0; i < count; ++i) {
    static_cast<Client*>(events.at(static_cast<std::size_t>(i)).data.ptr)->OnEvent();
  }
}

bool SpawnQueue::RunUntilSettled(Deadline deadline, int stop_fd) {
  while (!Settled()) {
    std::array<pollfd, 2> ready{{{epoll_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    const int count = poll(ready.data(), ready.size(), deadline.PollTimeout());
    if (count == 0 && deadline.Passed()) return false;
    if (count > 0 && ready[1].revents != 0) return false;
    RunPending();
  }
  return true;
}

bool SpawnQueue::Settled() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const Client* client) { return client->Settled(); });
}

}  // namespace headrace
