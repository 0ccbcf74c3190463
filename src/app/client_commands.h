#pragma once

#include <memory>
#include <optional>

// NOLINTNEXTLINE(readability-identifier-naming): the library's own
namespace CLI {
class App;
}

namespace headrace {

// The subcommands that talk to a running service: submit, jobs, job, result, cancel, queues. See
// docs/client.md.
class ClientCommands {
 public:
  // Adds them to the program's command, which outlives this.
  explicit ClientCommands(CLI::App& program);
  ~ClientCommands();
  ClientCommands(const ClientCommands&) = delete;
  ClientCommands& operator=(const ClientCommands&) = delete;

  // After the command line was read: does the one that was asked for and returns its exit status;
  // nothing: none was. BlockSignals was called, and there are no other threads.
  std::optional<int> Run();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
