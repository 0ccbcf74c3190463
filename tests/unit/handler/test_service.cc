// A service in small: runs as many endless jobs as its second argument says in executors of its
// first one, which are keepers if there are more arguments: those are for them. Killed by the test.

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "handler/pool/executor_pool.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto jobs = static_cast<std::size_t>(std::atoi(argv[2]));
  headrace::SpawnQueue spawn_queue;
  headrace::ExecutorPoolOptions options;
  options.queue = "test";
  options.binary = argv[1];
  options.workers = jobs;
  options.arguments.assign(argv + 3, argv + argc);
  if (argc > 3) options.keeper_grace = std::chrono::seconds(2);
  headrace::ExecutorPool pool(options, spawn_queue);
  spawn_queue.RunUntilSettled(headrace::Deadline::After(std::chrono::seconds(30)));
  std::cout << "zygote " << pool.ZygotePid() << std::endl;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < jobs; ++i) {
    threads.emplace_back([&pool] {
      headrace::QueuedJob job;
      job.params = {{"do", "sleep"}};
      static_cast<void>(pool.Run(job));
    });
  }
  while (true) {
    pollfd ready{spawn_queue.PollFd(), POLLIN, 0};
    poll(&ready, 1, -1);
    spawn_queue.RunPending();
  }
}
