// The real executor binary under a real pool.
#include <leptonica/allheaders.h>

#include "unit/handler/pool_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

[[maybe_unused]] constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

std::string Png(Pix* pix) {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(pixWriteMem(&data, &size, pix, IFF_PNG), 0);
  std::string png(reinterpret_cast<const char*>(data), size);
  lept_free(data);
  pixDestroy(&pix);
  return png;
}

std::string SmallPng() { return Png(pixCreate(40, 40, 1)); }

class OcrExecutorTest : public PoolTest {
 protected:
  static Params OcrParams() { return {{"lang", "eng"}, {"output", "txt"}, {"psm", "3"}}; }
};

TEST_F(OcrExecutorTest, ReadsAPictureAndTellsItsProgress) {
  QueuedJob job = Job(OcrParams(), SmallPng());
  const Outcome& outcome = RunJob(job);
  ASSERT_EQ(outcome.state, JobState::kSucceeded) << outcome.error.value_or(Error{}).detail;
  ASSERT_EQ(outcome.parts.size(), 1U);
  EXPECT_EQ(outcome.parts[0].name, "page-0001.txt");
  EXPECT_EQ(job.progress.Get().done, 1U);
  EXPECT_EQ(job.progress.Get().total, 1U);
}

TEST_F(OcrExecutorTest, TheZygoteHasOneThread) {
  const std::string status = "/proc/" + std::to_string(Pool().ZygotePid()) + "/status";
  std::ifstream file(status);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("\nThreads:\t1\n"));
}

TEST_F(OcrExecutorTest, TheQueuesLimitsReachTheExecutor) {
  options_.arguments = {"--max-pixels=1000"};
  ExpectFailure(Run(OcrParams(), SmallPng()), ErrorCode::kUnprocessable, "ocr-page-too-large", "");
  EXPECT_THAT(outcome_.error->hint, HasSubstr("at most 1000 pixels"));
}

TEST_F(OcrExecutorTest, ALanguageThatIsNotInstalledBreaksThePoolWithItsName) {
  options_.arguments = {"--languages=eng,xyz"};
  const Outcome& outcome = Run(OcrParams(), SmallPng());
  EXPECT_EQ(outcome.state, JobState::kFailed);
  EXPECT_EQ(outcome.error->type, "executors-unavailable");
  EXPECT_THAT(Pool().LastError(), HasSubstr("xyz.traineddata cannot be read"));
}

#ifndef HEADRACE_SANITIZED  // which need the address space
TEST_F(OcrExecutorTest, APageThatNeedsMoreMemoryThanItMayEndsItsJobAlone) {
  options_.memory = 192 * kMiB;
  Pix* large = pixCreate(7'000, 7'000, 8);
  pixSetAll(large);
  ExpectFailure(Run(OcrParams(), Png(large)), ErrorCode::kHandlerCrashed, "executor-crashed",
                "memory limit");
  EXPECT_EQ(Run(OcrParams(), SmallPng()).state, JobState::kSucceeded);
}
#endif

}  // namespace
}  // namespace headrace
