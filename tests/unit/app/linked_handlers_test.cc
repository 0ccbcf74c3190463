#include "app/linked_handlers.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>

#include "app/builtin_handlers.h"
#include "app/linked_zygote.h"
#include "app/runners.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Nothing final : public Handler {
 public:
  std::optional<Failure> Run(const Job& /*job*/, Context& /*context*/) override { return {}; }
};

LinkedHandler Linked(std::string name = "primes") {
  LinkedHandler handler;
  handler.info.name = std::move(name);
  handler.info.params = {{.name = "below", .type = ParamType::kInteger, .default_value = "7"}};
  handler.make = [] { return std::make_unique<Nothing>(); };
  return handler;
}

class LinkedHandlersTest : public testing::Test {
 protected:
  std::string Refusal(LinkedHandler handler) {
    const Status added = linked_.Add({std::move(handler)}, builtin_.registry());
    return added ? std::string() : added.error().hint;
  }

  BuiltinHandlers builtin_;
  LinkedHandlers linked_;
};

TEST_F(LinkedHandlersTest, StandBesideTheBuiltInOnes) {
  ASSERT_TRUE(linked_.Add({Linked("one"), Linked("two")}, builtin_.registry()).ok());
  const HandlerEntry* const entry = builtin_.registry().Find("two");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->info.params.size(), 1U);
  EXPECT_EQ(entry->in_thread, nullptr);
  EXPECT_THAT(entry->arguments, ElementsAre("--handler=two"));
  EXPECT_EQ(ExecutorPath("/libexec", *entry), "/proc/self/exe");
  EXPECT_EQ(ExecutorPath("/libexec", *builtin_.registry().Find("pdf-to-image")),
            "/libexec/headrace-pdf");
}

TEST_F(LinkedHandlersTest, RunOnThreadsOnlyWhereTheySayThatTheyMay) {
  LinkedHandler safe = Linked();
  safe.thread_safe = true;
  EXPECT_EQ(Refusal(safe), "");
  EXPECT_NE(builtin_.registry().Find("primes")->in_thread, nullptr);
}

TEST_F(LinkedHandlersTest, AreRefusedWithANameThatIsNoneOrTaken) {
  EXPECT_THAT(Refusal(Linked("")), HasSubstr("1 to 63 of a-z"));
  EXPECT_THAT(Refusal(Linked("Primes")), HasSubstr("1 to 63 of a-z"));
  EXPECT_THAT(Refusal(Linked("simulate")), HasSubstr("one of that name already"));
  const Status twice = linked_.Add({Linked("a"), Linked("a")}, builtin_.registry());
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().hint, "handler 'a': there is one of that name already");
}

TEST_F(LinkedHandlersTest, AreRefusedIfTheyCannotBeMade) {
  LinkedHandler handler = Linked();
  handler.make = nullptr;
  EXPECT_THAT(Refusal(handler), HasSubstr("it has no make()"));
  handler.thread_safe = true;
  handler.make = []() -> std::unique_ptr<Handler> { return nullptr; };
  EXPECT_THAT(Refusal(handler), HasSubstr("returned nothing"));
  handler.make = []() -> std::unique_ptr<Handler> { throw std::runtime_error("no model"); };
  EXPECT_THAT(Refusal(handler), HasSubstr("cannot be made: no model"));
}

TEST_F(LinkedHandlersTest, AreRefusedWithParametersThatCannotBeKept) {
  const auto with = [](ParamSpec spec) {
    LinkedHandler handler = Linked();
    handler.info.params.push_back(std::move(spec));
    return handler;
  };
  EXPECT_THAT(Refusal(with({.name = "below"})), HasSubstr("'below' has no name of its own"));
  EXPECT_THAT(Refusal(with({})), HasSubstr("'' has no name of its own"));
  EXPECT_THAT(Refusal(with({.name = "word", .default_value = ""})),
              HasSubstr("'word' has an empty default"));
  EXPECT_THAT(Refusal(with({.name = "kind", .type = ParamType::kChoice})),
              HasSubstr("'kind' has no choices"));
  EXPECT_THAT(Refusal(with({.name = "format",
                            .type = ParamType::kChoice,
                            .choices = {"a", "b"},
                            .media_types = {"text/plain"}})),
              HasSubstr("not one media type per choice"));
  EXPECT_THAT(
      Refusal(with({.name = "n", .type = ParamType::kInteger, .default_value = "9", .maximum = 5})),
      HasSubstr("the default of its parameter: n must be"));
  EXPECT_THAT(Refusal(with({.name = "n", .type = ParamType::kInteger, .default_value = "007"})),
              HasSubstr("the default '007' of its parameter 'n' is written '7'"));
}

TEST(LinkedZygote, IsRecognisedByItsCommandLine) {
  std::string program = "x";
  std::string zygote = "--zygote";
  std::string serve = "serve";
  char* as_zygote[] = {program.data(), zygote.data()};
  char* as_service[] = {program.data(), serve.data()};
  EXPECT_TRUE(IsZygote(2, as_zygote));
  EXPECT_FALSE(IsZygote(2, as_service));
  EXPECT_FALSE(IsZygote(1, as_service));
}

}  // namespace
}  // namespace headrace
