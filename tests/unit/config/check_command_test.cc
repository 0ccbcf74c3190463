// Queues with `handler: command`, and its keys elsewhere.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "config/command_keys.h"
#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

class CheckCommandTest : public ConfigFixture {
 protected:
  CheckCommandTest() {
    HandlerEntry command;
    command.info.name = "command";
    command.executor = "headrace-command";
    handlers_.Add(std::move(command));
    HandlerEntry http;
    http.info = UpstreamInfo();
    http.forwards = true;
    handlers_.Add(std::move(http));
    tool_ = dir_ + "/tool";
    std::ofstream(tool_) << "#!/bin/sh\n";
    std::filesystem::permissions(tool_, std::filesystem::perms::owner_all);
  }
  // A queue "a" with these keys, a line each; its program is there.
  LoadedConfig Queue(const std::string& keys, std::vector<std::string> environment = {}) {
    environment.push_back("PATH=" + dir_);
    return Load("queues:\n  a:\n    handler: command\n    command: [tool]\n" + keys,
                std::move(environment));
  }
  LoadedConfig Command(const std::string& value) {
    return Load("queues:\n  a:\n    handler: command\n    command: " + value + "\n",
                {"PATH=" + dir_});
  }

  std::string tool_;
};

TEST_F(CheckCommandTest, AQueueNeedsOnlyItsProgram) {
  const LoadedConfig loaded = Queue("");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const QueueConfig& queue = loaded.config.queues.at(0);
  EXPECT_TRUE(queue.RunsCommand());
  EXPECT_TRUE(queue.NeedsExecutors());
  EXPECT_FALSE(queue.HasPersistentWorkers());
  EXPECT_EQ(queue.RecycleAfter(), 1U);
  EXPECT_THAT(Command("[" + tool_ + "]").problems, IsEmpty());
}

TEST_F(CheckCommandTest, ArgumentsAreKeptAsTheyAre) {
  const LoadedConfig loaded = Command(
      "\n      - tool\n      - a, b\n      - ' c '\n      - ''\n      - 5\n      - |\n        x\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.config.queues.at(0).command.command,
              ElementsAre("tool", "a, b", " c ", "", "5", "x\n"));
}

TEST_F(CheckCommandTest, EveryKeyIsRead) {
  const LoadedConfig loaded = Queue(
      "    output_type: text/plain\n    exit_codes: {2: 422, 75: 503}\n"
      "    environment: {LANG: C.UTF-8, EMPTY: '', LIST: 'a, b'}\n"
      "    stderr_limit: 1KiB\n    grace: 0s\n"
      "    isolation:\n      scratch: 1GiB\n      processes: 7\n      network: true\n"
      "      namespaces: required\n"
      "      readable: ['/', '" +
      dir_ + "']\n      writable: ['" + dir_ + "']\n      allow_root: true\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const QueueConfig& queue = loaded.config.queues.at(0);
  const CommandOptions& command = queue.command;
  EXPECT_EQ(command.output_type, "text/plain");
  EXPECT_THAT(command.exit_codes, ElementsAre(Pair(2, 422), Pair(75, 503)));
  EXPECT_THAT(command.environment,
              ElementsAre(Pair("LANG", "C.UTF-8"), Pair("EMPTY", ""), Pair("LIST", "a, b")));
  EXPECT_EQ(command.stderr_limit, 1024U);
  EXPECT_EQ(command.grace, std::chrono::milliseconds(0));
  EXPECT_EQ(command.scratch, std::uint64_t{1} << 30U);
  EXPECT_EQ(command.processes, 7U);
  EXPECT_TRUE(command.network);
  EXPECT_TRUE(command.namespaces);
  EXPECT_THAT(command.readable, ElementsAre("/", dir_));
  EXPECT_THAT(command.writable, ElementsAre(dir_));
  EXPECT_TRUE(queue.allow_root);
}

TEST_F(CheckCommandTest, AWorkerThatStaysTakesAMillionJobsUnlessToldOtherwise) {
  const LoadedConfig loaded = Queue("    protocol: frames\n    start_timeout: 5m\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const QueueConfig& queue = loaded.config.queues.at(0);
  EXPECT_TRUE(queue.HasPersistentWorkers());
  EXPECT_EQ(queue.command.start_timeout, std::chrono::minutes(5));
  EXPECT_EQ(queue.RecycleAfter(), 1'000'000U);
  EXPECT_EQ(Queue("    protocol: frames\n    isolation: {recycle_after: 9}\n")
                .config.queues.at(0)
                .RecycleAfter(),
            9U);
}

TEST_F(CheckCommandTest, ScalarsMayComeFromTheEnvironment) {
  const LoadedConfig loaded = Queue(
      "", {"HEADRACE_QUEUES_A_OUTPUT_TYPE=text/plain", "HEADRACE_QUEUES_A_ISOLATION_PROCESSES=3"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.queues.at(0).command.output_type, "text/plain");
  EXPECT_EQ(loaded.config.queues.at(0).command.processes, 3U);
  EXPECT_THAT(Queue("", {"HEADRACE_QUEUES_A_COMMAND=tool"}).problems,
              ElementsAre(HasSubstr("HEADRACE_QUEUES_A_COMMAND: names no key")));
}

TEST_F(CheckCommandTest, WhatIsNoListOfArgumentsIsRefused) {
  EXPECT_THAT(Load("queues:\n  a: {handler: command}").problems,
              ElementsAre(StartsWith("f.yaml:2: queues.a.command: is missing; allowed: a list")));
  EXPECT_THAT(Command("[]").problems,
              ElementsAre(StartsWith("f.yaml:4: queues.a.command: is missing")));
  EXPECT_THAT(Command("tool -x").problems,
              ElementsAre(StartsWith("f.yaml:4: queues.a.command: must be a list; allowed: a list "
                                     "of the program and its arguments")));
  EXPECT_THAT(Command("[tool, ~]").problems,
              ElementsAre(HasSubstr("queues.a.command: item 2 is no text")));
  EXPECT_THAT(Command("[tool, [x]]").problems,
              ElementsAre(HasSubstr("queues.a.command: item 2 is no text")));
}

TEST_F(CheckCommandTest, AProgramThatIsNotThereIsRefused) {
  for (const char* program : {"nothing", "/nowhere/tool", "./tool", "/"}) {
    EXPECT_THAT(Command("['" + std::string(program) + "']").problems,
                ElementsAre(StartsWith("f.yaml:4: queues.a.command: '" + std::string(program) +
                                       "' is no program that can be executed here; allowed: an "
                                       "absolute path, or the name of a program in PATH")))
        << program;
  }
  EXPECT_THAT(Load("queues:\n  a: {handler: command, command: [tool]}").problems,
              ElementsAre(HasSubstr("'tool' is no program")))
      << "there is no PATH";
}

TEST_F(CheckCommandTest, EveryMistakeIsALine) {
  const LoadedConfig loaded = Queue(
      "    protocol: twice\n"
      "    output_type: text\n"
      "    input_name: a/b\n"
      "    exit_codes: {0: 422, 1: 404, x: 422, 2: [1], 02: 422, 3: 422, 03: 500}\n"
      "    environment: {A B: 1, HEADRACE_X: 1, C: }\n"
      "    stderr_limit: 1GiB\n"
      "    grace: 1h\n"
      "    isolation:\n"
      "      scratch: 1KiB\n"
      "      processes: 0\n"
      "      network: maybe\n"
      "      readable: models\n"
      "      writable: [models, /nowhere]\n");
  EXPECT_THAT(
      loaded.problems,
      ElementsAre(
          "f.yaml:5: queues.a.protocol: 'twice' is unknown; allowed: one of once, frames",
          StartsWith("f.yaml:6: queues.a.output_type: 'text' is no media type"),
          StartsWith("f.yaml:7: queues.a.input_name: 'a/b' is no plain file name"),
          StartsWith("f.yaml:8: queues.a.exit_codes.2: must be one value"),
          StartsWith("f.yaml:8: queues.a.exit_codes.x: 'x: 422' is not two numbers"),
          StartsWith("f.yaml:8: queues.a.exit_codes.03: is given twice"),
          StartsWith("f.yaml:8: queues.a.exit_codes.0: is no exit status of a failure"),
          StartsWith(
              "f.yaml:8: queues.a.exit_codes.1: 404 is not answered; allowed: 422, 500, 503"),
          StartsWith("f.yaml:9: queues.a.environment.C: must be one value"),
          StartsWith("f.yaml:9: queues.a.environment.A B: is no name of a variable"),
          StartsWith("f.yaml:9: queues.a.environment.HEADRACE_X: is headrace's own"),
          StartsWith("f.yaml:10: queues.a.stderr_limit: 1GiB is too large"),
          StartsWith("f.yaml:11: queues.a.grace: 1h is too large"),
          StartsWith("f.yaml:13: queues.a.isolation.scratch: 1KiB is too small"),
          StartsWith("f.yaml:14: queues.a.isolation.processes: 0 is too small"),
          StartsWith("f.yaml:15: queues.a.isolation.network: 'maybe' is unknown"),
          StartsWith("f.yaml:16: queues.a.isolation.readable: must be a list"),
          StartsWith("f.yaml:17: queues.a.isolation.writable: 'models' is no absolute path")));
}

TEST_F(CheckCommandTest, APathThatDoesNotExistIsRefused) {
  EXPECT_THAT(Queue("    isolation: {readable: [/nowhere/models]}\n").problems,
              ElementsAre(StartsWith("f.yaml:5: queues.a.isolation.readable: '/nowhere/models' "
                                     "cannot be found")));
}

TEST_F(CheckCommandTest, RootMustBeAllowed) {
  root_ = true;
  EXPECT_THAT(Queue("").problems,
              ElementsAre(StartsWith("f.yaml:2: queues.a.isolation.allow_root: its programs would "
                                     "run as root")));
  EXPECT_THAT(Queue("    isolation: {allow_root: false}\n").problems,
              ElementsAre(StartsWith("f.yaml:5: queues.a.isolation.allow_root: ")));
  EXPECT_THAT(Queue("    isolation: {allow_root: true}\n").problems, IsEmpty());
  EXPECT_THAT(Load("queues:\n  a: {handler: pdf-to-image}").problems, IsEmpty());
}

TEST_F(CheckCommandTest, AProgramPerJobIsNotRecycledNorLentNorAThread) {
  EXPECT_THAT(Queue("    isolation: {recycle_after: 2}\n").problems,
              ElementsAre(StartsWith("f.yaml:5: queues.a.isolation.recycle_after: a program that "
                                     "is started for each job cannot do another")));
  EXPECT_THAT(Queue("    isolation: {recycle_after: 1, parallel: false}\n").problems, IsEmpty());
  EXPECT_THAT(Queue("    isolation: {parallel: true}\n").problems,
              ElementsAre(StartsWith("f.yaml:5: queues.a.isolation.parallel: a command does its "
                                     "job alone")));
  EXPECT_THAT(Queue("    isolation: {mode: thread}\n").problems,
              ElementsAre(HasSubstr("queues.a.isolation.mode: handler command cannot run on a "
                                    "thread")));
}

TEST_F(CheckCommandTest, KeysOfTheOtherProtocolAreRefused) {
  EXPECT_THAT(Queue("    start_timeout: 60s\n").problems,
              ElementsAre(StartsWith("f.yaml:5: queues.a.start_timeout: is for protocol frames")));
  EXPECT_THAT(Queue("    input_name: a.pdf\n").problems,
              ElementsAre(HasSubstr("queues.a.input_name: is of no use, no argument of `command` "
                                    "has {input}")));
  EXPECT_THAT(Queue("    protocol: frames\n    output_type: text/plain\n    input_name: a.pdf\n"
                    "    exit_codes: {1: 422}\n")
                  .problems,
              ElementsAre(StartsWith("f.yaml:6: queues.a.output_type: is for protocol once"),
                          StartsWith("f.yaml:7: queues.a.input_name: is for protocol once"),
                          StartsWith("f.yaml:8: queues.a.exit_codes: is for protocol once")));
}

TEST_F(CheckCommandTest, ItsKeysAreRefusedBesideOtherHandlers) {
  const std::string keys =
      "    command: [tool]\n    grace: 2s\n    exit_codes: {1: 422}\n"
      "    isolation: {mode: thread, scratch: 1MiB, readable: []}\n";
  for (const std::string handler : {"simulate", "http"}) {
    const LoadedConfig loaded = Load("queues:\n  a:\n    handler: " + handler + "\n" + keys +
                                     (handler == "http" ? "    upstream: http://h/\n" : ""));
    EXPECT_THAT(
        loaded.problems,
        testing::UnorderedElementsAre(
            "f.yaml:4: queues.a.command: is for handler command only, this queue has handler " +
                handler + "; leave it out",
            HasSubstr("f.yaml:5: queues.a.grace: is for handler command only"),
            HasSubstr("f.yaml:6: queues.a.exit_codes: is for handler command only"),
            HasSubstr("f.yaml:7: queues.a.isolation.scratch: "),
            HasSubstr("f.yaml:7: queues.a.isolation.readable: is for handler command only")))
        << handler;
  }
}

TEST_F(CheckCommandTest, TheExampleShowsEachScalarKeyWithItsDefaultAndRange) {
  EXPECT_THAT(LoadFile(HEADRACE_COMMAND_EXAMPLE, {"PATH=/usr/bin:/bin"}).problems, IsEmpty());
  std::ifstream stream(HEADRACE_COMMAND_EXAMPLE);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  for (const auto& key : CommandKeys()) {
    const std::string name = key.path.substr(key.path.rfind('.') + 1);
    EXPECT_THAT(text, HasSubstr(" " + name + ": ")) << key.path;
    EXPECT_THAT(text, HasSubstr("# default " + key.show(QueueConfig{}) + "; " + key.allowed))
        << key.path;
  }
}

}  // namespace
}  // namespace headrace
