#pragma once

#include <vector>

#include "base/deadline.h"
#include "base/fd.h"

namespace headrace {

// Where the main thread learns that it has processes to spawn or to bury. Only the main thread
// spawns zygotes: PDEATHSIG follows the spawning thread. All calls are for the main thread;
// PollFd's descriptor becomes readable when RunPending has something to do.
class SpawnQueue {
 public:
  // One who spawns. Registered while it lives.
  class Client {
   public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    // A watched descriptor is readable: looks at its processes and goes on. Must not block.
    virtual void OnEvent() = 0;
    // True once the first start has ended, well or not.
    [[nodiscard]] virtual bool Settled() const = 0;
  };

  // Children are reaped from now on by who spawned them, whatever was inherited for SIGCHLD.
  SpawnQueue();
  SpawnQueue(const SpawnQueue&) = delete;
  SpawnQueue& operator=(const SpawnQueue&) = delete;

  [[nodiscard]] int PollFd() const { return epoll_.get(); }
  void RunPending();

  // For the start of the program: runs what is pending until every client is settled. Returns false
  // if the deadline came first, or `stop_fd` became readable.
  bool RunUntilSettled(Deadline deadline, int stop_fd = -1);

  void Add(Client& client);
  void Remove(Client& client);
  // The client is told while `fd` is readable. It calls Forget before it closes the descriptor.
  // False, with errno, where the system refuses: too many are watched, or it has no memory.
  [[nodiscard]] bool Watch(int fd, Client& client);
  void Forget(int fd);

 private:
  [[nodiscard]] bool Settled() const;

  UniqueFd epoll_;
  std::vector<Client*> clients_;
};

}  // namespace headrace
