// A job's status, as the service tells it and as people read it.
#include "client/job_view.h"

#include <gmock/gmock.h>

#include "client/exit_codes.h"
#include "client/job_progress_text.h"
#include "client/table.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kDone =
    R"({"job_id":"01m8","queue":"pdf","state":"succeeded","attempt":2,"wait_ms":1.5,"run_ms":2000,)"
    R"("peak_memory_bytes":4096,"parts":[{"name":"a.png","media_type":"image/png","size":7}]})"
    "\n";

TEST(JobView, IsReadFromTheServicesJson) {
  const auto job = ReadJobView(kDone);
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->id, "01m8");
  EXPECT_TRUE(job->Ended());
  EXPECT_TRUE(job->Succeeded());
  ASSERT_TRUE(job->parts && job->parts->size() == 1);
  EXPECT_EQ(job->parts->front().size, 7U);
  EXPECT_FALSE(job->text.ends_with('\n'));
  const std::string text = DescribeJob(*job);
  EXPECT_THAT(text, HasSubstr("waited          0.002 s\n"));
  EXPECT_THAT(text, HasSubstr("ran             2.000 s\n"));
  EXPECT_THAT(text, HasSubstr("a.png (image/png, 7 bytes)"));
}

TEST(JobView, IsABrokenAnswerWhereItIsNoStatus) {
  for (const char* text :
       {"", "[]", "{}", "null", R"({"job_id":"a"})", R"({"job_id":"a/../b","state":"running"})",
        R"({"job_id":7,"state":"running"})"}) {
    const auto job = ReadJobView(text);
    ASSERT_FALSE(job.ok()) << text;
    EXPECT_EQ(ExitCodeOf(job.error().code), ExitCode::kBroken);
  }
}

TEST(JobView, HasOddMembersWithoutHarm) {
  const auto job = ReadJobView(
      R"({"job_id":"a","state":"running","parts":{},"progress":[1],"error":"x","position":-1})");
  ASSERT_TRUE(job.ok());
  EXPECT_FALSE(job->Ended());
  EXPECT_FALSE(job->parts);
  EXPECT_FALSE(job->position);
}

TEST(JobView, NoTextOfTheServiceReachesATerminalAsItIs) {
  const auto job = ReadJobView(
      R"({"job_id":"a","queue":"\u001b[2J","state":"fail\u0007","error":{"type":"\u001b]0;x","detail":"\u202e","status":500},)"
      R"("parts":[{"name":"\u001b[31m","media_type":"\u009b","size":1}]})");
  ASSERT_TRUE(job.ok());
  const std::string all = DescribeJob(*job) + FailureText(*job) + JobStep(*job).what +
                          MakeTable({{job->queue, job->state}});
  for (const char* bad : {"\x1b", "\x07", "\xe2\x80\xae", "\xc2\x9b"}) {
    EXPECT_THAT(all, Not(HasSubstr(bad)));
  }
  EXPECT_THAT(all, HasSubstr("\\x1b"));
}

TEST(JobView, SaysWhyAJobDidNotSucceed) {
  const auto job = ReadJobView(
      R"({"job_id":"a","state":"failed","error":{"type":"/problems/x","status":422,"detail":"no PDF"}})");
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(FailureText(*job), "the job failed: no PDF (/problems/x, HTTP 422)");
  const auto cancelled = ReadJobView(R"({"job_id":"a","state":"cancelled"})");
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(FailureText(*cancelled), "the job is cancelled");
}

TEST(JobStep, TellsPlaceAndProgress) {
  const auto waiting = ReadJobView(R"({"job_id":"a","state":"waiting","attempt":0,"position":3})");
  EXPECT_EQ(JobStep(*waiting).detail, "3 before it");
  const auto next = ReadJobView(R"({"job_id":"a","state":"waiting","attempt":1,"position":0})");
  EXPECT_EQ(JobStep(*next).detail, "it is next, for another attempt");
  const auto running =
      ReadJobView(R"({"job_id":"a","state":"running","progress":{"done":2,"total":8}})");
  EXPECT_EQ(JobStep(*running).detail, "2 of 8");
  EXPECT_EQ(JobStep(*running).total, 8U);
}

TEST(Table, HasColumnsAsWideAsTheirWidestCellAndNoBlanksAtTheEnd) {
  EXPECT_EQ(MakeTable({{"A", "B"}, {"äöü", "x"}, {"1234", ""}}), "A     B\näöü   x\n1234\n");
}

TEST(JobView, JsonIsAsItCameButForWhatATerminalWouldObey) {
  EXPECT_EQ(PlainJson("{\"a\": \"\xC3\xA4\\u001b\"}\n"), "{\"a\": \"\xC3\xA4\\u001b\"}\n");
  EXPECT_EQ(PlainJson("{\"a\": 1,\r    \"b\": 2}\r\n"), "{\"a\": 1,     \"b\": 2} \n");
  EXPECT_EQ(PlainJson("\"\xC2\x9B"
                      "2J\xE2\x80\xAE\""),
            "\"\\u009b2J\\u202e\"");
  EXPECT_EQ(ReadJobView("{\"job_id\":\"j\",\"state\":\"\xC2\x9B\"}")->text,
            "{\"job_id\":\"j\",\"state\":\"\\u009b\"}");
}

}  // namespace
}  // namespace headrace
