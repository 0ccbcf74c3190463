#include "handler/upstream/upstream_request.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>

#include "base/trace.h"
#include "support/jobs.h"
#include "unit/upstream/file_fixture.h"

namespace headrace {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class UpstreamRequestTest : public FileFixture {
 protected:
  UpstreamRequestTest() { options_.url = "http://127.0.0.1:9000/predict?model=a"; }

  HttpRequest Make(const QueuedJob& job, const std::vector<std::string>& secrets = {}) {
    auto request = MakeUpstreamRequest(options_, secrets, job);
    EXPECT_TRUE(request.ok());
    return request ? *request : HttpRequest{};
  }
  static std::string FieldOf(const HttpRequest& request, const std::string& name) {
    for (const std::string& field : request.fields) {
      if (field.starts_with(name + ": ")) return field.substr(name.size() + 2);
    }
    return {};
  }

  UpstreamOptions options_;
};

TEST_F(UpstreamRequestTest, HasTheJobsPayloadMediaTypeAndParameters) {
  const auto job = MakeJob(0, 5);
  job->media_type = "image/png";
  job->params = {{"lang", "de en"}, {"top", "3"}};
  options_.method = "PUT";
  const HttpRequest request = Make(*job);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url, "http://127.0.0.1:9000/predict?model=a&lang=de%20en&top=3");
  EXPECT_EQ(request.body.size(), 5U);
  EXPECT_EQ(FieldOf(request, "Content-Type"), "image/png");
  EXPECT_EQ(FieldOf(request, "Job-Id"), job->id);
  EXPECT_EQ(FieldOf(request, "Accept-Encoding"), "identity");
}

TEST_F(UpstreamRequestTest, NamesNoMediaTypeThatTheClientDidNotName) {
  EXPECT_THAT(Make(*MakeJob()).fields, Each(Not(StartsWith("Content-Type"))));
}

TEST_F(UpstreamRequestTest, ContinuesTheTraceWithASpanOfItsOwn) {
  const auto job = MakeJob();
  job->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string trace = FieldOf(Make(*job), "traceparent");
  EXPECT_TRUE(IsTraceparent(trace)) << trace;
  EXPECT_NE(trace, job->traceparent) << "a span of its own";
  EXPECT_THAT(trace, StartsWith("00-0af7651916cd43dd8448eb211c80319c-"));
  EXPECT_THAT(trace, Not(HasSubstr("b7ad6b7169203331")));
}

TEST_F(UpstreamRequestTest, HandsTheSpanOfARunOnAsItIs) {
  const auto job = MakeJob();
  const std::string run = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  job->run_trace.Set(run);
  EXPECT_EQ(FieldOf(Make(*job), "traceparent"), run);
}

TEST_F(UpstreamRequestTest, PassesTheTracestateOnIfThereIsOne) {
  const auto job = MakeJob();
  EXPECT_THAT(Make(*job).fields, Each(Not(StartsWith("tracestate"))));
  job->tracestate = "a=1,b=2";
  EXPECT_EQ(FieldOf(Make(*job), "tracestate"), "a=1,b=2");
}

TEST_F(UpstreamRequestTest, TellsTheWholeSecondsThatAreLeft) {
  const auto job = MakeJob();
  job->deadline = Deadline::After(std::chrono::milliseconds(90'900));
  EXPECT_EQ(FieldOf(Make(*job), "Request-Timeout"), "90");
  job->deadline = Deadline::After(std::chrono::milliseconds(300));
  EXPECT_EQ(FieldOf(Make(*job), "Request-Timeout"), "1");
  job->deadline = Deadline::Never();
  EXPECT_EQ(FieldOf(Make(*job), "Request-Timeout"), "");
}

TEST_F(UpstreamRequestTest, KeepsSecretParametersOutOfTheQuery) {
  const auto job = MakeJob();
  job->params = {{"password", "tiger\r\nX: y"}, {"top", "3"}};
  const HttpRequest request = Make(*job, {"password", "other"});
  EXPECT_EQ(request.url, "http://127.0.0.1:9000/predict?model=a&top=3");
  EXPECT_EQ(FieldOf(request, "Headrace-Param-password"), "tiger%0D%0AX%3A%20y");
}

TEST_F(UpstreamRequestTest, CarriesTheHeaderFieldsOfTheFileAsItIsNow) {
  options_.headers_file = Write("headers", "Authorization: Bearer one\n");
  EXPECT_THAT(Make(*MakeJob()).fields, Contains("Authorization: Bearer one"));
  Write("headers", "Authorization: Bearer two\n");
  EXPECT_THAT(Make(*MakeJob()).fields, Contains("Authorization: Bearer two"));
}

TEST_F(UpstreamRequestTest, IsA500WhenTheFileOfHeaderFieldsIsGone) {
  options_.headers_file = folder_ + "/gone";
  const auto request = MakeUpstreamRequest(options_, {}, *MakeJob());
  ASSERT_FALSE(request.ok());
  EXPECT_EQ(request.error().code, ErrorCode::kInternal);
  EXPECT_EQ(request.error().type, "upstream-headers");
  EXPECT_THAT(request.error().detail, HasSubstr("/gone' cannot be opened"));
  EXPECT_THAT(request.error().hint, Not(HasSubstr("gone")));
}

}  // namespace
}  // namespace headrace
