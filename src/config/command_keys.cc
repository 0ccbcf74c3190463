#include "config/command_keys.h"

#include <string>

namespace headrace {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMinute = 60'000;  // ms

template <class Access>
Field<QueueConfig, Access> Of(const char* path, Access access, const char* help) {
  return {path, access, help};
}

const Choices<bool>& YesOrNo() {
  static const Choices<bool> kChoices{{"true", true}, {"false", false}};
  return kChoices;
}

void AddProgramKeys(std::vector<Key<QueueConfig>>& keys) {
  using Protocol = CommandOptions::Protocol;
  keys.push_back(ChoiceKey(
      Of(
          "protocol", [](auto& q) -> auto& { return q.command.protocol; },
          "once: the program is started for each job; frames: it stays, and gets job after job"),
      Choices<Protocol>{{"once", Protocol::kOnce}, {"frames", Protocol::kFrames}}));
  keys.push_back(TextKey(
      Of(
          "output_type", [](auto& q) -> auto& { return q.command.output_type; },
          "protocol once: media type of standard output, and of files with an unknown extension"),
      "a media type like text/plain"));
  keys.push_back(
      TextKey(Of(
                  "input_name", [](auto& q) -> auto& { return q.command.input_name; },
                  "protocol once: name of the file {input}, for programs that look at it"),
              "a plain file name like page.pdf"));
  keys.push_back(
      NumberKey(Of(
                    "stderr_limit", [](auto& q) -> auto& { return q.command.stderr_limit; },
                    "standard error of one job that reaches the log; the rest is dropped"),
                Sizes(), {0, 16 * kMiB}));
  keys.push_back(DurationKey(Of(
                                 "grace", [](auto& q) -> auto& { return q.command.grace; },
                                 "from SIGTERM to SIGKILL, when a job is to end before it is done"),
                             {0, 5 * kMinute}));
  keys.push_back(
      DurationKey(Of(
                      "start_timeout", [](auto& q) -> auto& { return q.command.start_timeout; },
                      "protocol frames: from its start until the worker says that it is ready"),
                  {100, 60 * kMinute}));
}

void AddLimitKeys(std::vector<Key<QueueConfig>>& keys) {
  keys.push_back(
      NumberKey(Of(
                    "isolation.scratch", [](auto& q) -> auto& { return q.command.scratch; },
                    "files that a job may have in its private folder; more: 502"),
                Sizes(), {kMiB, kMiB * kMiB}));
  keys.push_back(
      NumberKey(Of(
                    "isolation.processes", [](auto& q) -> auto& { return q.command.processes; },
                    "processes and threads of one job"),
                Counts(), {1, 32'768}));
  keys.push_back(
      ChoiceKey(Of(
                    "isolation.network", [](auto& q) -> auto& { return q.command.network; },
                    "whether the program may open sockets"),
                YesOrNo()));
  keys.push_back(
      ChoiceKey(Of(
                    "isolation.namespaces", [](auto& q) -> auto& { return q.command.namespaces; },
                    "required: each job's processes see neither others nor their files"),
                Choices<bool>{{"none", false}, {"required", true}}));
  keys.push_back(
      ChoiceKey(Of(
                    "isolation.allow_root", [](auto& q) -> auto& { return q.allow_root; },
                    "whether the program may run as root, if the service does"),
                YesOrNo()));
}

std::vector<Key<QueueConfig>> MakeKeys() {
  std::vector<Key<QueueConfig>> keys;
  AddProgramKeys(keys);
  AddLimitKeys(keys);
  return keys;
}

}  // namespace

const std::vector<Key<QueueConfig>>& CommandKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
