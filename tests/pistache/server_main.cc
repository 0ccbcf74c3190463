// Runs one of the two servers as a process of its own: it may crash or hang. Protocol with the
// test: it prints its port in a line; a line on its input means: stop accepting, answered by a
// line; the end of its input means: end.

#include <csignal>
#include <cstdio>
#include <string>

#include "pistache/server.h"

int main() {
  std::signal(SIGPIPE, SIG_DFL);
  headrace::testing_edge::Serve(
      [](std::uint16_t port) {
        std::printf("%u\n", static_cast<unsigned>(port));
        std::fflush(stdout);
      },
      [] { return std::getchar() == '\n'; },
      [] {
        std::puts("stopped");
        std::fflush(stdout);
        while (std::getchar() != EOF) {
        }
      });
}
