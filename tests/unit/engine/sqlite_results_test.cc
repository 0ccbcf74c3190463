// What the store gives back of results.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "base/ledger.h"
#include "sqlite_fixture.h"

namespace headrace {
namespace {

using testing::IsEmpty;

using SqliteResultsTest = SqliteFixture;

TEST_F(SqliteResultsTest, GivesResultsBackAfterARestart) {
  Open();
  const KeptJob job = Insert();
  const std::string large(200'000, 'l');
  ASSERT_TRUE(calls->End(job.id, Succeeded({MakePart("a", "small"), MakePart("b", large)})));
  Reopen();
  EXPECT_THAT(recovered.unfinished, IsEmpty());
  const auto record = calls->Load(job.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(TextOf(record->end->outcome.parts.at(0).bytes), "small");
  EXPECT_TRUE(TextOf(record->end->outcome.parts.at(1).bytes) == large);
}

TEST_F(SqliteResultsTest, SaysThatAPayloadOrAResultIsLost) {
  Open();
  const KeptJob waiting = Insert(std::string(100'000, 'x'));
  const KeptJob done = Insert();
  ASSERT_TRUE(calls->End(done.id, Succeeded({MakePart("a", std::string(100'000, 'x'))})));
  for (const std::string& name : BodyNames()) std::filesystem::remove(Bodies() + "/" + name);
  const auto payload = store->LoadPayload(waiting.id);
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code, ErrorCode::kNotFound);
  const auto record = calls->TryLoad(done.id);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().type, "result-lost");
  EXPECT_TRUE(calls->Load(done.id, PartBytes::None()));
}

TEST_F(SqliteResultsTest, ReadsNoMoreOfResultsAtOnceThanItMay) {
  Ledger bytes(100);
  Ledger files(1);
  options.ledger = &bytes;
  options.result_files = &files;
  Open();
  const std::string large(100'000, 'l');
  const KeptJob small = Insert();
  const KeptJob filed = Insert();
  ASSERT_TRUE(calls->End(small.id, Succeeded({MakePart("a", std::string(60, 'a')),
                                              MakePart("b", std::string(60, 'b'))})));
  ASSERT_TRUE(calls->End(filed.id, Succeeded({MakePart("a", large), MakePart("b", large)})));
  for (const KeptJob* const job : {&small, &filed}) {
    const auto all = calls->TryLoad(job->id);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(all.error().type, "busy");
    EXPECT_EQ(all.error().retry_after, 1);
    const auto one = calls->Load(job->id, PartBytes::Of("b"));
    ASSERT_TRUE(one);
    EXPECT_FALSE(calls->TryLoad(job->id, PartBytes::Of("a"))) << "while b is held";
  }
  EXPECT_EQ(bytes.Used() + files.Used(), 0U);
  EXPECT_EQ(store->Healthy(), "");
}

}  // namespace
}  // namespace headrace
