// `params` of a queue: what its jobs may be asked with.
#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ParamKeysTest : public ConfigFixture {
 protected:
  ParamKeysTest() {
    HandlerEntry http;
    http.info = UpstreamInfo();
    http.forwards = true;
    handlers_.Add(std::move(http));
  }
  // A queue that takes parameters, with these, from line 6 on.
  LoadedConfig Params(const std::string& lines) {
    return Load("queues:\n  a:\n    handler: http\n    upstream: http://h/\n    params:\n" + lines);
  }
  // One parameter "p" with these keys.
  LoadedConfig Param(const std::string& keys) { return Params("      p: {" + keys + "}\n"); }
};

TEST_F(ParamKeysTest, EveryKeyIsRead) {
  const LoadedConfig loaded = Params(
      "      layout: {type: choice, choices: [reading, 'a, b'], default: READING, description: "
      "how}\n"
      "      first: {type: integer, minimum: 1, maximum: 9, default: 007}\n"
      "      scale: {type: number, minimum: -1.5}\n"
      "      fast: {type: boolean, default: yes}\n"
      "      password: {secret: true, max_length: 127}\n"
      "      note:\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const auto& params = loaded.config.queues.at(0).params;
  ASSERT_EQ(params.size(), 6U);
  EXPECT_EQ(params[0].name, "layout");
  EXPECT_EQ(params[0].type, ParamType::kChoice);
  EXPECT_THAT(params[0].choices, ElementsAre("reading", "a, b"));
  EXPECT_EQ(params[0].default_value, "reading");
  EXPECT_EQ(params[0].description, "how");
  EXPECT_EQ(params[1].type, ParamType::kInteger);
  EXPECT_EQ(params[1].minimum, 1);
  EXPECT_EQ(params[1].maximum, 9);
  EXPECT_EQ(params[1].default_value, "7");
  EXPECT_EQ(params[2].type, ParamType::kNumber);
  EXPECT_EQ(params[2].minimum, -1.5);
  EXPECT_EQ(params[2].default_value, std::nullopt);
  EXPECT_EQ(params[3].default_value, "true");
  EXPECT_TRUE(params[4].secret);
  EXPECT_EQ(params[4].max_length, 127U);
  EXPECT_EQ(params[5].type, ParamType::kText);
  EXPECT_EQ(params[5].max_length, ParamSpec().max_length);
}

TEST_F(ParamKeysTest, NamesThatNoVariableCanHaveAreRefused) {
  for (const char* name : {"Upper", "1a", "-a", "a.b", "a b", "\"\""}) {
    EXPECT_THAT(Params(std::string("      ") + name + ": {}\n").problems,
                ElementsAre(HasSubstr("is no name for a parameter; allowed: 1 to 64 of a-z")))
        << name;
  }
  EXPECT_THAT(
      Params("      a-b: {}\n      a_b: {}\n").problems,
      ElementsAre(StartsWith("f.yaml:7: queues.a.params.a_b: is the same variable as a-b")));
}

TEST_F(ParamKeysTest, WhatIsNoSectionIsRefused) {
  EXPECT_THAT(Load("queues:\n  a: {handler: http, upstream: 'http://h/', params: [p]}").problems,
              ElementsAre(HasSubstr("queues.a.params: must be a section; its keys: the parameters' "
                                    "names")));
  EXPECT_THAT(Params("      p: text\n").problems,
              ElementsAre(HasSubstr("f.yaml:6: queues.a.params.p: must be a section; its keys: "
                                    "type, default, minimum")));
  EXPECT_THAT(Param("min: 1").problems,
              ElementsAre(HasSubstr("f.yaml:6: queues.a.params.p.min: unknown key; allowed: type, "
                                    "default, minimum, maximum, max_length, secret, description, "
                                    "choices")));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "      p" + std::to_string(i) + ":\n";
  EXPECT_THAT(Params(many).problems, ElementsAre(HasSubstr("65 parameters are too many")));
}

TEST_F(ParamKeysTest, KeysThatDoNotFitTheTypeAreRefused) {
  EXPECT_THAT(Param("minimum: 1, maximum: 2, choices: [a]").problems,
              ElementsAre(HasSubstr("p.minimum: is for the types integer and number"),
                          HasSubstr("p.maximum: is for the types integer and number"),
                          HasSubstr("p.choices: is for the type choice")));
  EXPECT_THAT(Param("type: integer, max_length: 5").problems,
              ElementsAre(HasSubstr("p.max_length: is for the type text")));
  EXPECT_THAT(Param("type: choice, default: a").problems,
              ElementsAre(HasSubstr("p.choices: is missing")));
}

TEST_F(ParamKeysTest, ValuesThatCannotBeAreRefused) {
  EXPECT_THAT(
      Param("type: word, minimum: low, maximum: inf, max_length: 0, secret: maybe").problems,
      ElementsAre(HasSubstr("p.type: 'word' is unknown; allowed: one of text, integer"),
                  HasSubstr("p.minimum: 'low' is not a number"),
                  HasSubstr("p.maximum: 'inf' is not a number"),
                  HasSubstr("p.max_length: 0 is too small"),
                  HasSubstr("p.secret: 'maybe' is unknown")));
  EXPECT_THAT(Param("type: integer, minimum: 3, maximum: 2").problems,
              ElementsAre(HasSubstr("p.minimum: 3 is more than the maximum; allowed: at most 2")));
  EXPECT_THAT(Param("type: choice, choices: [a, A]").problems,
              ElementsAre(HasSubstr("p.choices: 'A' cannot be told from another")));
  EXPECT_THAT(Param("type: choice, choices: a").problems,
              ElementsAre(HasSubstr("p.choices: must be a list")));
}

TEST_F(ParamKeysTest, ADefaultMustBeAValueThatAClientCouldSend) {
  EXPECT_THAT(
      Param("type: integer, minimum: 1, maximum: 5, default: 7").problems,
      ElementsAre(StartsWith("f.yaml:6: queues.a.params.p.default: is no value of it: p must "
                             "be an integer from 1 to 5, not '7'")));
  EXPECT_THAT(Param("default: ''").problems,
              ElementsAre(HasSubstr("p.default: is empty, which is as if it were not given")));
  EXPECT_THAT(Param("secret: true, default: tiger").problems,
              ElementsAre(HasSubstr("p.default: would be a secret that every client can read")));
}

TEST_F(ParamKeysTest, HandlersWithParametersOfTheirOwnTakeNoOthers) {
  EXPECT_THAT(Load("queues:\n  a:\n    handler: pdf-to-image\n    params: {p: {}}\n").problems,
              ElementsAre("f.yaml:4: queues.a.params: handler pdf-to-image has parameters of its "
                          "own; leave it out"));
}

}  // namespace
}  // namespace headrace
