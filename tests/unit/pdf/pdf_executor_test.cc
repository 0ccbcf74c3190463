// The executor binary as the service starts it.

#include "handler/pdf/pdf_limits.h"
#include "pdf_support.h"
#include "unit/handler/pool_fixture.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

class PdfExecutor : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    options_.binary = HEADRACE_PDF;
  }
  const Outcome& RunSample(Params params) {
    return Run(std::move(params), ReadFile(std::filesystem::path(TEST_DATA) / "sample.pdf"));
  }
};

TEST_F(PdfExecutor, KeepsTheLimitsOfItsQueue) {
  PdfLimits limits;
  limits.max_pages = 2;
  limits.max_page_pixels = 100'000;
  options_.arguments = PdfArguments(limits);
  const Outcome& pages = RunSample({{"dpi", "10"}});
  ASSERT_TRUE(pages.error.has_value());
  EXPECT_EQ(pages.error->type, "pdf-too-many-pages");
  EXPECT_THAT(pages.error->hint, HasSubstr("more than 2 pages"));
  EXPECT_EQ(RunSample({{"dpi", "10"}, {"pages", "1-2"}}).parts.size(), 2U);
  const Outcome& large = RunSample({{"dpi", "72"}, {"pages", "1"}});
  ASSERT_TRUE(large.error.has_value());
  EXPECT_EQ(large.error->type, "pdf-page-too-large");
}

TEST_F(PdfExecutor, SaysWhichArgumentItDoesNotUnderstand) {
  options_.arguments = {"--max-pages=none"};
  EXPECT_FALSE(Pool().Ready());
  EXPECT_THAT(Pool().LastError(), HasSubstr("'--max-pages=none' is not one of"));
}

#ifndef HEADRACE_SANITIZED
// 35 million pixels are 140 MB; an executor that held them would break the limit.
TEST_F(PdfExecutor, DrawsAPageThatIsLargerThanItsMemory) {
  options_.memory = std::uint64_t{192} << 20;
  for (const char* format : {"png", "jpeg"}) {
    const Outcome& outcome = RunSample({{"dpi", "600"}, {"pages", "1"}, {"format", format}});
    ASSERT_EQ(outcome.state, JobState::kSucceeded) << outcome.error.value_or(Error{}).detail;
    EXPECT_EQ(outcome.parts.size(), 1U);
    EXPECT_LT(outcome.timings.peak_memory, std::uint64_t{160} << 20);
  }
}
#endif

}  // namespace
}  // namespace headrace
