#include "config/command_keys.h"

#include <string>

namespace headrace {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMinute = 60'000;  // ms

void AddProgramKeys(KeyList<QueueConfig>& keys) {
  using Protocol = CommandOptions::Protocol;
  keys.Choice(
          "protocol", Choices<Protocol>{{"once", Protocol::kOnce}, {"frames", Protocol::kFrames}},
          "once: the program is started for each job; frames: it stays, and gets job after job",
          [](auto& q) -> auto& { return q.command.protocol; })
      .More(
          "With frames it is started once per worker and keeps what it has loaded "
          "([how](handlers.md#workers-that-stay))");
  keys.Text(
      "output_type", "a media type like text/plain",
      "protocol once: media type of standard output, and of files with an unknown extension",
      [](auto& q) -> auto& { return q.command.output_type; });
  keys.Text(
          "input_name", "a plain file name like page.pdf",
          "protocol once: name of the file {input}, for programs that look at it",
          [](auto& q) -> auto& { return q.command.input_name; })
      .More("Letters, digits, `.`, `_` and `-`, first no `.`; not `output` or `tmp`");
  keys.Number(
      "stderr_limit", Sizes(), {0, 16 * kMiB},
      "standard error of one job that reaches the log; the rest is dropped",
      [](auto& q) -> auto& { return q.command.stderr_limit; });
  keys.Duration(
      "grace", {0, 5 * kMinute}, "from SIGTERM to SIGKILL, when a job is to end before it is done",
      [](auto& q) -> auto& { return q.command.grace; });
  keys.Duration(
      "start_timeout", {100, 60 * kMinute},
      "protocol frames: from its start until the worker says that it is ready",
      [](auto& q) -> auto& { return q.command.start_timeout; });
}

void AddLimitKeys(KeyList<QueueConfig>& keys) {
  keys.Number(
          "isolation.scratch", Sizes(), {kMiB, kMiB * kMiB},
          "files that a job may have in its private folder; more: 502",
          [](auto& q) -> auto& { return q.command.scratch; })
      .More("The folder lies in `memory.spool_dir` (`/tmp` if that is empty)");
  keys.Number(
          "isolation.processes", Counts(), {1, 32'768}, "processes and threads of one job",
          [](auto& q) -> auto& { return q.command.processes; })
      .More(
          "The system counts by user, over all containers of a machine: it holds if nothing else "
          "runs as the service's user (give replicas on one machine users of their own), or with "
          "`namespaces: required`, and not for root");
  keys.Truth(
      "isolation.network", "whether the program may open sockets",
      [](auto& q) -> auto& { return q.command.network; });
  keys.Choice(
          "isolation.namespaces", Choices<bool>{{"none", false}, {"required", true}},
          "required: each job's processes see neither others nor their files",
          [](auto& q) -> auto& { return q.command.namespaces; })
      .More(
          "With `protocol: frames` each worker's. For clients who would attack each other ([what "
          "that takes](handlers.md#clients-who-would-attack-each-other)); where the system makes "
          "no namespaces the service does not start");
  keys.Truth(
          "isolation.allow_root", "whether the program may run as root, if the service does",
          [](auto& q) -> auto& { return q.allow_root; })
      .More(
          "As root the service refuses to start with such a queue unless this is true: files have "
          "no owners for root, and processes no limit");
}

std::vector<Key<QueueConfig>> MakeKeys() {
  KeyList<QueueConfig> keys;
  AddProgramKeys(keys);
  AddLimitKeys(keys);
  return keys.Take();
}

}  // namespace

const std::vector<Key<QueueConfig>>& CommandKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
