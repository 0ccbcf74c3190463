#include "handler/command/command_options.h"

#include <gmock/gmock.h>

#include <string>

#include "handler/command/command_info.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

CommandOptions Valid() {
  CommandOptions options;
  options.command = {"pdftotext", "{input}", "-"};
  return options;
}

CommandOptions AllSet() {
  CommandOptions options;
  options.command = {"/usr/bin/tool", "-e", "a, \"b\"\n c", "gr\xc3\xbc\xc3\x9f", ""};
  options.protocol = CommandOptions::Protocol::kFrames;
  options.output_type = "text/plain; charset=utf-8";
  options.input_name = "page.pdf";
  options.exit_codes = {{2, 422}, {75, 503}};
  options.environment = {{"Z", "1"}, {"A", ""}};
  options.stderr_limit = 1;
  options.grace = std::chrono::milliseconds(3);
  options.start_timeout = std::chrono::milliseconds(4);
  options.scratch = std::uint64_t{1} << 40U;
  options.processes = 6;
  options.network = true;
  options.namespaces = true;
  options.readable = {"/srv/a b", "/srv/c,d"};
  options.writable = {"/var/cache"};
  options.scratch_dir = "/tmp";
  options.memory = std::uint64_t{1} << 33U;
  options.cpu = std::chrono::seconds(86'400);
  options.max_result = std::uint64_t{1} << 32U;
  options.priority = ExecutorPriority::kIdle;
  options.sandbox_required = true;
  options.secret_params = {"password"};
  return options;
}

TEST(CommandOptions, ComeBackFromTheCommandLineAsTheyWere) {
  for (const CommandOptions& options : {Valid(), AllSet()}) {
    const auto arguments = ToArguments(options);
    ASSERT_EQ(arguments.size(), 1U);
    const auto back = ParseCommandArguments(arguments);
    ASSERT_TRUE(back.ok()) << back.error().detail;
    EXPECT_TRUE(*back == options) << arguments.front();
  }
}

// The command line of valid options with one text of it replaced.
std::vector<std::string> Spoilt(const std::string& from, const std::string& to) {
  std::string text = ToArguments(Valid()).front();
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  return {text.replace(at, from.size(), to)};
}

TEST(CommandOptions, ACommandLineThatIsNotOursIsRefused) {
  const auto detail = [](const std::vector<std::string>& arguments) {
    const auto parsed = ParseCommandArguments(arguments);
    return parsed.ok() ? std::string("it was taken") : parsed.error().detail;
  };
  EXPECT_THAT(detail({}), HasSubstr("one argument is expected"));
  EXPECT_THAT(detail({"{}", "{}"}), HasSubstr("one argument is expected"));
  for (const char* none : {"", "[]", "{", "5"}) {
    EXPECT_THAT(detail({none}), HasSubstr("no JSON object")) << none;
  }
  EXPECT_THAT(detail({"{}"}), HasSubstr("is missing"));
  EXPECT_EQ(detail(Spoilt("\"network\"", "\"net\"")), "net is unknown");
  EXPECT_EQ(detail(Spoilt("{", "{\"more\":1,")), "more is unknown");
  EXPECT_THAT(detail(Spoilt("\"command\":[\"pdftotext\"", "\"command\":[5")),
              StartsWith("command has no value"));
  EXPECT_THAT(detail(Spoilt("\"protocol\":0", "\"protocol\":2")), StartsWith("protocol has no"));
  EXPECT_THAT(detail(Spoilt("\"priority\":1", "\"priority\":3")), StartsWith("priority has no"));
  EXPECT_THAT(detail(Spoilt("\"processes\":64", "\"processes\":4294967296")),
              StartsWith("processes has no value"));
  EXPECT_THAT(detail(Spoilt("\"grace_ms\":2000", "\"grace_ms\":-1")),
              StartsWith("grace_ms has no"));
  EXPECT_THAT(detail(Spoilt("\"network\":false", "\"network\":0")), StartsWith("network has no"));
  EXPECT_THAT(detail(Spoilt("\"exit_codes\":[]", "\"exit_codes\":[[2,422],[2,500]]")),
              StartsWith("exit_codes has no value"));
  EXPECT_THAT(detail(Spoilt("\"environment\":[]", "\"environment\":[[\"A\"]]")),
              StartsWith("environment has no value"));
  EXPECT_THAT(detail(Spoilt("\"command\":[\"pdftotext\",", "\"command\":[\"\",")),
              StartsWith("command: is missing"));
}

TEST(CommandOptions, ACommandIsRequired) {
  EXPECT_THAT(Validate(Valid()), IsEmpty());
  EXPECT_THAT(Validate(CommandOptions{}), ElementsAre(StartsWith("command: is missing; allowed: a "
                                                                 "list of the program")));
}

TEST(CommandOptions, EveryProblemIsNamedByItsKey) {
  CommandOptions options = Valid();
  options.command.push_back("\xff");
  options.output_type = "text";
  options.input_name = "../x";
  options.exit_codes = {{0, 422}, {1, 404}, {256, 500}};
  options.environment = {{"1A", ""}, {"HEADRACE_X", ""}, {"B", std::string("a\0b", 3)}};
  options.readable = {"models"};
  options.writable = {""};
  EXPECT_THAT(
      Validate(options),
      ElementsAre(StartsWith("command: has an argument that is no text"),
                  StartsWith("output_type: 'text' is no media type"),
                  StartsWith("input_name: '../x' is no plain file name"),
                  StartsWith("exit_codes.0: is no exit status of a failure; allowed: 1 to 255"),
                  StartsWith("exit_codes.1: 404 is not answered; allowed: 422, 500, 503"),
                  StartsWith("exit_codes.256: is no exit status"),
                  StartsWith("environment.1A: is no name of a variable"),
                  StartsWith("environment.HEADRACE_X: is headrace's own"),
                  StartsWith("environment.B: has a value that is no text"),
                  StartsWith("isolation.readable: 'models' is no absolute path"),
                  StartsWith("isolation.writable: '' is no absolute path")));
}

TEST(CommandOptions, AFileIsNotNamedLikeTheFoldersBesideIt) {
  for (const char* name : {"output", "tmp"}) {
    CommandOptions options = Valid();
    options.input_name = name;
    EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("is a folder beside it"))) << name;
  }
}

TEST(CommandOptions, PlacesAreForArgumentsOfAProgramThatIsStartedForEachJob) {
  CommandOptions options = Valid();
  EXPECT_TRUE(HasPlace(options, kInputPlace));
  EXPECT_FALSE(HasPlace(options, kOutputPlace));
  options.protocol = CommandOptions::Protocol::kFrames;
  EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("are for protocol once")));
  options = Valid();
  options.command.front() = "{input}";
  EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("the program itself cannot be a place")));
}

TEST(CommandOptions, WhatNoCommandLineCanHoldIsRefused) {
  CommandOptions options = Valid();
  options.environment = {{"A", std::string(100'000, 'a')}};
  EXPECT_THAT(Validate(options), IsEmpty());
  options.environment.emplace_back("B", std::string(100'000, 'b'));
  EXPECT_THAT(Validate(options), ElementsAre(StartsWith("command: is too long together")));
}

TEST(CommandInfo, TakesAnyPayloadAndTheParametersThatAreDeclared) {
  ParamSpec spec;
  spec.name = "layout";
  const HandlerInfo info = CommandInfo({spec});
  EXPECT_EQ(info.name, "command");
  EXPECT_FALSE(info.needs_payload);
  EXPECT_THAT(info.media_types, IsEmpty());
  ASSERT_EQ(info.params.size(), 1U);
  EXPECT_EQ(info.params.front().name, "layout");
}

}  // namespace
}  // namespace headrace
