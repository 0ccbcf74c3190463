#include "app/program.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "app/builtin_handlers.h"
#include "app/client_commands.h"
#include "app/health_probe.h"
#include "app/linked_handlers.h"
#include "app/linked_zygote.h"
#include "app/plan.h"
#include "app/serve.h"
#include "app/system_check.h"
#include "config/load.h"
#include "config/reference.h"
#include "config/sample.h"
#include "handler/ocr/language_files.h"
#include "service/key_file.h"
#include "service/webhook_secrets.h"

namespace headrace {
namespace {

constexpr int kWrongUsage = 2;
constexpr const char* kConfigMeaning =
    "configuration file (else HEADRACE_CONFIG, else /etc/headrace/headrace.yaml)";
// An option of the program is not in its subcommands' help.
std::string ConfigFooter() {
  return fmt::format("Option of headrace itself:\n  -c,--config FILE            {}",
                     kConfigMeaning);
}

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

// The file that the command line or HEADRACE_CONFIG names, else the system's, else the one that was
// installed with the program. Where there is none, the system's is the one that is missed.
std::string ConfigFile(const std::string& named) {
  if (!named.empty()) return named;
  const char* const variable = std::getenv("HEADRACE_CONFIG");
  if (variable != nullptr && *variable != '\0') return variable;
  std::string system = "/etc/headrace/headrace.yaml";
  std::error_code error;
  if (std::filesystem::exists(system, error)) return system;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto sample = program.parent_path().parent_path() / "share/headrace/headrace.yaml";
  return std::filesystem::exists(sample, error) ? sample.string() : system;
}

void PrintAll(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print(stderr, "{}\n", line);
}

// What the start says of a configuration that is good enough for it.
void PrintWarnings(const Config& config) {
  if (config.auth.mode == AuthMode::kKeys) PrintAll(LoadKeyFile(config.auth.file).warnings);
  const std::string& secrets = config.webhooks.secrets_file;
  if (!secrets.empty()) PrintAll(LoadWebhookSecrets(secrets).warnings);
  for (const QueueConfig& queue : config.queues) {
    if (queue.handler != "ocr") continue;
    if (const auto files = LanguageFiles(queue.ocr); !files)
      fmt::print(stderr, "queue {}: {}; its jobs will get 503\n", queue.name, files.error().hint);
  }
}

// What no check can find out: who sends the jobs.
void PrintAdvice(const Config& config) {
  std::vector<std::string> names;
  for (const QueueConfig& queue : config.queues) {
    if (queue.RunsCommand() && !queue.command.namespaces) names.push_back(queue.name);
  }
  if (names.empty()) return;
  fmt::print(
      stderr,
      "the programs of {} run as one user, jobs of one client beside those of another: for clients "
      "who would attack each other set isolation.namespaces: required\n",
      fmt::join(names, ", "));
}

int Check(const Config& config, const HandlerRegistry& handlers) {
  const auto plan = MakePlan(config);
  if (!plan) {
    fmt::print(stderr, "{}\n", plan.error().hint);
    return EXIT_FAILURE;
  }
  if (const auto sandbox = CheckSystem(config); !sandbox) {
    fmt::print(stderr, "{}\n", sandbox.error().hint);
    return EXIT_FAILURE;
  }
  const auto missing = MissingExecutors(config, handlers, ExecutorsDir(config));
  for (const MissingExecutor& executor : missing) {
    fmt::print(stderr, "queue {}: {}: {} (executors.dir names the folder)\n", executor.queue,
               executor.path, executor.detail);
  }
  if (!missing.empty()) return EXIT_FAILURE;
  fmt::print("the configuration is good; queues: {}, slots: {} ({})\n", config.queues.size(),
             plan->slots, plan->slots_reason);
  PrintWarnings(config);
  PrintAdvice(config);
  return EXIT_SUCCESS;
}

int Health(const Config& config, const std::string& path) {
  constexpr std::chrono::seconds kPatience{2};
  const auto answer = ProbeHealth(config.management.listen, path, Deadline::After(kPatience));
  if (!answer) {
    fmt::print(stderr, "{}\n", answer.error().hint);
    return EXIT_FAILURE;
  }
  fmt::print("{}", *answer);
  return EXIT_SUCCESS;
}

// `headrace config-reference`: the declared keys, for docs/configuration.md, or as a file to begin
// with.
class ReferenceCommand {
 public:
  explicit ReferenceCommand(CLI::App& program)
      : command_(program.add_subcommand(
            "config-reference", "print every key with its default, range and meaning (Markdown)")) {
    command_->add_flag("--sample", sample_, "as a configuration file that shows the defaults");
  }

  [[nodiscard]] bool Parsed() const { return command_->parsed(); }

  void Print() const {
    if (sample_) {
      fmt::print("{}", SampleFile());
      return;
    }
    for (const ReferenceTable& table : ReferenceTables()) fmt::print("{}\n", MarkedTable(table));
  }

 private:
  CLI::App* command_;
  bool sample_ = false;
};

int RunCommand(int argc, char** argv, const std::vector<LinkedHandler>& linked) {
  CLI::App command("CPU-heavy work behind HTTP: a bounded queue, worker processes, early 429s",
                   "headrace");
  std::string file;
  std::string path = "/readyz";
  command.add_option("-c,--config", file, kConfigMeaning);
  command.fallthrough();
  command.require_subcommand(0, 1);
  CLI::App* serve = command.add_subcommand("serve", "run the service (the default)");
  CLI::App* check = command.add_subcommand("check", "say what is wrong with the configuration");
  CLI::App* health = command.add_subcommand("health", "ask the running service whether it is well");
  health->add_option("--path", path, "what to ask: /readyz, /livez or /startupz");
  const CLI::App* version = command.add_subcommand("version", "print the version");
  for (CLI::App* reader : {serve, check, health}) reader->footer(ConfigFooter());
  const ReferenceCommand reference(command);
  ClientCommands client(command);
  try {
    command.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return command.exit(error) == 0 ? EXIT_SUCCESS : kWrongUsage;
  }
  if (const auto status = client.Run()) return *status;

  if (version->parsed()) {
    fmt::print("headrace {}\n", HEADRACE_VERSION);
    return EXIT_SUCCESS;
  }
  if (reference.Parsed()) {
    reference.Print();
    return EXIT_SUCCESS;
  }
  BuiltinHandlers handlers;
  LinkedHandlers linked_handlers;
  if (auto added = linked_handlers.Add(linked, handlers.registry()); !added) {
    fmt::print(stderr, "{}\n", added.error().hint);
    return EXIT_FAILURE;
  }
  const ConfigSource source{ConfigFile(file), Environment(), handlers.registry()};
  const LoadedConfig loaded = LoadConfig(source);
  // Before the problems: a service that is well stays so when its next configuration is not.
  if (health->parsed()) return Health(loaded.config, path);
  if (!loaded.problems.empty()) {
    PrintAll(loaded.problems);
    return EXIT_FAILURE;
  }
  if (check->parsed()) return Check(loaded.config, source.handlers);
  return Serve(loaded.config, source);
}

}  // namespace

int RunProgram(int argc, char** argv, const std::vector<LinkedHandler>& linked) {
  if (IsZygote(argc, argv)) return RunLinkedZygote(argc, argv, linked);
  ::prctl(PR_SET_DUMPABLE,
          0);  // first of all: no other process of this user may look into this one
  BlockSignals();
  try {
    return RunCommand(argc, argv, linked);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "headrace: %s\n", e.what());
    return EXIT_FAILURE;
  }
}

}  // namespace headrace
