#include "tracing/tracing_options.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/folder.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TracingOptions To(const std::string& endpoint) {
  TracingOptions options;
  options.endpoint = endpoint;
  return options;
}

TEST(TracingOptions, AppendTheUsualPathOnlyWhereThereIsNone) {
  EXPECT_EQ(TracesUrl(To("http://collector:4318")), "http://collector:4318/v1/traces");
  EXPECT_EQ(TracesUrl(To("http://collector:4318/")), "http://collector:4318/v1/traces");
  EXPECT_EQ(TracesUrl(To("http://[::1]:4318")), "http://[::1]:4318/v1/traces");
  EXPECT_EQ(TracesUrl(To("https://host/otlp/v1/traces")), "https://host/otlp/v1/traces");
  EXPECT_EQ(TracesUrl(To("https://host?key=a/b")), "https://host/v1/traces?key=a/b");
  EXPECT_EQ(TracesUrl(To("https://host/?key=a")), "https://host/v1/traces?key=a");
}

TEST(TracingOptions, AreOffByDefaultAndThenNotJudged) {
  TracingOptions options;
  EXPECT_FALSE(options.On());
  options.service_name.clear();
  EXPECT_THAT(Validate(options), IsEmpty());
}

TEST(TracingOptions, RefuseWhatIsNoUrlWithoutRepeatingIt) {
  EXPECT_THAT(Validate(To("http://collector:4318")), IsEmpty());
  EXPECT_THAT(Validate(To("collector:4318/x")), ElementsAre(StartsWith("endpoint: is ")));
  EXPECT_THAT(Validate(To("http://user:tiger@host")),
              ElementsAre(AllOf(StartsWith("endpoint: has a user or a password; allowed: a URL"),
                                Not(HasSubstr("tiger")))));
}

TEST(TracingOptions, RefuseAnEmptyServiceName) {
  TracingOptions options = To("http://collector:4318");
  options.service_name.clear();
  EXPECT_THAT(Validate(options), ElementsAre(StartsWith("service_name: is empty")));
}

TEST(TracingOptions, ReadTheFileOfHeaderFields) {
  const Folder folder;
  TracingOptions options = To("http://collector:4318");
  options.headers_file = folder.path() / "headers";
  EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("headers_file: ")));
  std::ofstream(options.headers_file) << "Authorization: Bearer a\n";
  EXPECT_THAT(Validate(options), IsEmpty());
  EXPECT_THAT(*ReadTracingHeaders(options), ElementsAre("Authorization: Bearer a"));
  std::ofstream(options.headers_file) << "Content-Length: 1\n";
  EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("line 1 sets a field that headrace sets")));
}

}  // namespace
}  // namespace headrace
