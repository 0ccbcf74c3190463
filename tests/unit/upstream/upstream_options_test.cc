// What may be configured, and what a file of header fields may hold.
#include "handler/upstream/upstream_options.h"

#include <gmock/gmock.h>

#include "unit/upstream/file_fixture.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

UpstreamOptions To(const std::string& url) {
  UpstreamOptions options;
  options.url = url;
  return options;
}

UpstreamOptions With(std::string headers_file) {
  UpstreamOptions options;
  options.headers_file = std::move(headers_file);
  return options;
}

class UpstreamOptionsTest : public FileFixture {
 protected:
  std::string HeadersProblem(const std::string& text) {
    const auto fields = ReadUpstreamHeaders(With(Write("headers", text)));
    return fields ? "(good)" : fields.error().hint;
  }
};

TEST_F(UpstreamOptionsTest, AcceptAUrlAndTheirDefaults) {
  EXPECT_THAT(Validate(To("http://127.0.0.1:9000/predict")), IsEmpty());
}

TEST_F(UpstreamOptionsTest, RefuseAUrlThatIsNoneWithoutRepeatingIt) {
  EXPECT_THAT(Validate(To("http://user:tiger@host/")),
              ElementsAre(AllOf(StartsWith("upstream: has a user or a password; allowed: a URL"),
                                Not(HasSubstr("tiger")))));
}

TEST_F(UpstreamOptionsTest, RefuseACaFileThatIsNoneOrOfNoUse) {
  UpstreamOptions options = To("https://host/");
  options.ca_file = Write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  EXPECT_THAT(Validate(options), IsEmpty());
  options.ca_file = Write("key.pem", "-----BEGIN PRIVATE KEY-----\n");
  EXPECT_THAT(Validate(options),
              ElementsAre(HasSubstr("ca_file: '" + options.ca_file + "' is no")));
  options.ca_file = folder_ + "/nothing";
  EXPECT_THAT(Validate(options), ElementsAre(StartsWith("ca_file: ")));
  options.url = "http://host/";
  EXPECT_THAT(Validate(options), ElementsAre(StartsWith("ca_file: is of use with an https")));
}

TEST_F(UpstreamOptionsTest, ReadHeaderFieldsFromAFile) {
  const auto fields = ReadUpstreamHeaders(With(
      Write("headers", "# for the model server\n\nAuthorization:  Bearer a:b \r\nX-Tenant: blue")));
  ASSERT_TRUE(fields.ok());
  EXPECT_THAT(*fields, ElementsAre("Authorization: Bearer a:b", "X-Tenant: blue"));
  EXPECT_THAT(*ReadUpstreamHeaders(With("")), IsEmpty());
}

TEST_F(UpstreamOptionsTest, NameTheLineThatIsNoHeaderFieldButNotItsText) {
  for (const char* const bad : {"tiger", ": tiger", "Na me: tiger", "Name:", "Name:  ",
                                "Name: tig\x01"
                                "er",
                                "N\xC3\xA4me: tiger"}) {
    EXPECT_THAT(HeadersProblem("X-Good: 1\n" + std::string(bad) + "\n"),
                AllOf(HasSubstr("' line 2 is not 'Name: value'"), Not(HasSubstr("tiger"))))
        << bad;
  }
}

TEST_F(UpstreamOptionsTest, RefuseHeaderFieldsThatAreNotTheOperatorsToSet) {
  for (const char* const ours :
       {"Content-Length: 5", "transfer-encoding: chunked", "Job-Id: x", "Connection: close",
        "Content-Type: a/b", "Traceparent: x", "Tracestate: x"}) {
    EXPECT_THAT(HeadersProblem(ours), HasSubstr("line 1 sets a field that headrace sets itself"))
        << ours;
  }
}

TEST_F(UpstreamOptionsTest, RefuseAFileOfHeaderFieldsThatCannotBeReadOrIsTooLarge) {
  UpstreamOptions options = To("http://host/");
  options.headers_file = folder_ + "/nothing";
  EXPECT_THAT(Validate(options), ElementsAre(AllOf(StartsWith("headers_file: '"),
                                                   HasSubstr("cannot be opened: No such"))));
  options.headers_file = folder_;
  EXPECT_THAT(Validate(options), ElementsAre(HasSubstr("is no file")));
  EXPECT_THAT(HeadersProblem("X: " + std::string(70'000, 'x')), HasSubstr("is larger than 64KiB"));
}

}  // namespace
}  // namespace headrace
