#include "http/server_span.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "base/job_id.h"
#include "http/message/request_head.h"

namespace headrace {
namespace {

const std::string kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class ServerSpanTest : public testing::Test {
 protected:
  ServerSpanTest() {
    head_.method = "POST";
    head_.path = "/v1/queues/echo/jobs";
    head_.query = "secret=tiger";
    head_.fields = {{"Host", "mill.example:8080"}};
    exchange_.head = &head_;
    exchange_.method = HttpMethod::kPost;
    exchange_.match.route = HttpRoute::kJobs;
    exchange_.trace = ContinueTrace(kParent);
    exchange_.started = SteadyClock::now();
  }

  Span Make(int status = 200, bool https = false) {
    return ServerSpan(exchange_, {status, https, "echo"});
  }
  // Numbers as texts; "-": there is none.
  static std::string At(const Span& span, std::string_view name) {
    for (const auto& [key, value] : span.attributes) {
      if (key != name) continue;
      const auto* const number = std::get_if<std::int64_t>(&value);
      return number == nullptr ? std::get<std::string>(value) : std::to_string(*number);
    }
    return "-";
  }

  RequestHead head_;
  Exchange exchange_;
};

TEST_F(ServerSpanTest, SaysWhatWasAskedWithoutTheQuery) {
  const Span span = Make();
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.name, "POST /v1/queues/{queue}/jobs");
  EXPECT_EQ(ToTraceparent(span.context), exchange_.trace);
  EXPECT_TRUE(span.IsRoot()) << "the request has no traceparent";
  EXPECT_FALSE(span.remote_parent);
  EXPECT_EQ(span.start, exchange_.started);
  EXPECT_GE(span.end, span.start);
  EXPECT_EQ(At(span, "http.request.method"), "POST");
  EXPECT_EQ(At(span, "http.route"), "/v1/queues/{queue}/jobs");
  EXPECT_EQ(At(span, "url.path"), "/v1/queues/echo/jobs");
  EXPECT_EQ(At(span, "url.scheme"), "http");
  EXPECT_EQ(At(span, "server.address"), "mill.example");
  EXPECT_EQ(At(span, "server.port"), "8080");
  EXPECT_EQ(At(span, "network.protocol.version"), "1.1");
  EXPECT_EQ(At(span, "headrace.queue"), "echo");
  EXPECT_EQ(At(span, "headrace.job.id"), "-");
  for (const auto& [name, value] : span.attributes) {
    const auto* const text = std::get_if<std::string>(&value);
    EXPECT_TRUE(text == nullptr || text->find("tiger") == std::string::npos) << name;
  }
}

TEST_F(ServerSpanTest, IsBelowItsClients) {
  head_.fields.push_back({"traceparent", kParent});
  head_.fields.push_back({"tracestate", "a=1"});
  const Span span = Make();
  EXPECT_EQ(std::string(span.parent_id.data(), 16), "b7ad6b7169203331");
  EXPECT_TRUE(span.remote_parent);
  EXPECT_EQ(span.trace_state, "a=1");
}

TEST_F(ServerSpanTest, HasFailedOnlyWhereTheServiceHas) {
  EXPECT_FALSE(Make(422).failed);
  EXPECT_EQ(At(Make(422), "error.type"), "-");
  const Span failed = Make(503);
  EXPECT_TRUE(failed.failed);
  EXPECT_EQ(At(failed, "error.type"), "503");
  EXPECT_EQ(At(failed, "http.response.status_code"), "503");
  const Span gone = Make(499);
  EXPECT_FALSE(gone.failed);
  EXPECT_EQ(At(gone, "error.type"), "client-gone");
  EXPECT_EQ(At(gone, "http.response.status_code"), "-");
}

TEST_F(ServerSpanTest, KnowsHostsOfAllKinds) {
  const auto host = [this](std::string_view text, bool https) {
    head_.fields = {{"Host", text}};
    const Span span = Make(200, https);
    return At(span, "server.address") + " " + At(span, "server.port");
  };
  EXPECT_EQ(host("mill", false), "mill 80");
  EXPECT_EQ(host("mill", true), "mill 443");
  EXPECT_EQ(host("mill:", true), "mill 443");
  EXPECT_EQ(host("[::1]:8080", false), "::1 8080");
  EXPECT_EQ(host("[::1]", false), "::1 80");
  EXPECT_EQ(host("", false), "- -");
}

TEST_F(ServerSpanTest, NamesNoRouteAndNoMethodThatItDoesNotKnow) {
  head_.path = "/v1/any/thing";
  head_.method = "BREW";
  exchange_.method = HttpMethod::kOther;
  exchange_.match.route = HttpRoute::kOther;
  const Span span = Make(404);
  EXPECT_EQ(span.name, "HTTP");
  EXPECT_EQ(At(span, "http.route"), "-");
  EXPECT_EQ(At(span, "http.request.method"), "_OTHER");
  EXPECT_EQ(At(span, "http.request.method_original"), "BREW");
}

TEST_F(ServerSpanTest, NamesAQueuesSecondPathAsItIs) {
  head_.path = "/put";
  EXPECT_EQ(Make().name, "POST /put");
}

TEST_F(ServerSpanTest, NamesTheJobThatWasBroughtOrAskedFor) {
  exchange_.job_id = NewJobId(0);
  EXPECT_EQ(At(Make(), "headrace.job.id"), exchange_.job_id);
  const std::string asked = NewJobId(1);
  exchange_.job_id.clear();
  exchange_.match.route = HttpRoute::kJob;
  exchange_.match.argument = asked;
  EXPECT_EQ(At(Make(), "headrace.job.id"), asked);
  exchange_.match.argument = "anything that a client says";
  EXPECT_EQ(At(Make(), "headrace.job.id"), "-");
}

TEST_F(ServerSpanTest, HoldsNoMoreOfThePathThanIsSent) {
  const std::string path = "/v1/" + std::string(8000, 'x');
  head_.path = path;
  const Span span = Make(404);
  EXPECT_EQ(At(span, "url.path"), path.substr(0, Span::kMaxText));
  for (const auto& [name, value] : span.attributes) {
    const auto* const text = std::get_if<std::string>(&value);
    EXPECT_TRUE(text == nullptr || text->capacity() <= Span::kMaxText) << name;
  }
}

TEST_F(ServerSpanTest, SaysThatTheAnswerWasCut) {
  const Span span = Make(kAnswerCut);
  EXPECT_TRUE(span.failed);
  EXPECT_EQ(At(span, "http.response.status_code"), "200") << "that had been sent";
  EXPECT_EQ(At(span, "error.type"), "answer-cut");
}

TEST_F(ServerSpanTest, HasNoParentWhereTwoAreNamed) {
  head_.fields.push_back({"traceparent", kParent});
  head_.fields.push_back({"traceparent", kParent});
  EXPECT_TRUE(Make().IsRoot());
}

}  // namespace
}  // namespace headrace
