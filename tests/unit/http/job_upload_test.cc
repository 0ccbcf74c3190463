#include "http/jobs/job_upload.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "unit/service/service_fixture.h"

namespace headrace {
namespace {

constexpr std::size_t kKiB = 1024;

class JobUploadTest : public AdmissionFixture {
 protected:
  static std::string Field(const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + value + "\r\n";
  }
  static std::string File(const std::string& bytes) {
    return Field("upload; filename=a.pdf", bytes);
  }
  // What becomes of a form.
  Expected<Submission> Form(const std::string& form) {
    JobUpload upload(*service_, 0, form.size());
    upload.ReadForm("b");
    if (auto written = upload.Write(form); !written) return std::move(written).error();
    auto finished = upload.Finish();
    params_ = upload.params().Take().params;
    return finished;
  }
  void Budget(std::uint64_t bytes) {
    service_.reset();
    ledger_ = std::make_unique<Ledger>(bytes);
    Build();
  }
  Params params_;
};

TEST_F(JobUploadTest, OfRawBytesIsThePayload) {
  JobUpload upload(*service_, 0, 6);
  ASSERT_TRUE(upload.Write("abc").ok());
  ASSERT_TRUE(upload.Write("def").ok());
  const auto finished = upload.Finish();
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->payload.size(), 6U);
}

TEST_F(JobUploadTest, TakesTheFormsFileAsPayloadAndItsFieldsAsParams) {
  const auto finished = Form(Field("dpi", "200") + File("%PDF") + Field("empty", "") + "--b--");
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->payload.size(), 4U);
  EXPECT_EQ(params_, (Params{{"dpi", "200"}}));
}

TEST_F(JobUploadTest, KnowsTheMediaTypeOfTheBodyOrOfTheFormsFile) {
  JobUpload raw(*service_, 0, 0);
  raw.SetMediaType("text/plain; charset=utf-8");
  EXPECT_EQ(raw.Finish()->media_type, "text/plain; charset=utf-8");
  const auto form = Form(Field("dpi\r\nContent-Type: text/html", "200") +
                         Field("upload; filename=a\r\nContent-Type:  image/png ", "x") + "--b--");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->media_type, "image/png");
  EXPECT_EQ(Form(File("%PDF") + "--b--")->media_type, "") << "it names none";
}

TEST_F(JobUploadTest, TakesAFieldCalledFileAsPayload) {
  const auto finished = Form(Field("file", "%PDF") + "--b--");
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->payload.size(), 4U);
}

TEST_F(JobUploadTest, RefusesASecondFileAParamGivenTwiceAndFieldsWithoutEnd) {
  EXPECT_EQ(Form(File("a") + File("b") + "--b--").error().type, "several-files");
  EXPECT_EQ(Form(Field("dpi", "1") + Field("dpi", "2") + "--b--").error().type, "bad-parameter");
  EXPECT_EQ(Form(Field("dpi", std::string(70 * kKiB, '1')) + "--b--").error().type,
            "form-too-large");
  EXPECT_EQ(Form(Field("dpi", "1")).error().type, "malformed-form");
}

TEST_F(JobUploadTest, CountsAFormatThatWasNegotiatedAmongTheParamsOfItsKey) {
  ParamSpec format{"format", ParamType::kChoice, "", "png"};
  format.choices = {"png", "jpeg"};
  format.media_types = {"image/png", "image/jpeg"};
  info_.params.push_back(format);
  const auto digest = [&](const char* accept) {
    JobUpload upload(*service_, 0, std::nullopt);
    upload.ReadForm("b");
    upload.SetKey("key");
    EXPECT_TRUE(upload.Write(File("%PDF") + "--b--"));
    EXPECT_TRUE(upload.Finish());
    EXPECT_TRUE(upload.params().Negotiate(Accept(accept)));
    return upload.TakeKey()->digest;
  };
  EXPECT_EQ(digest("image/jpeg"), digest("image/jpeg"));
  EXPECT_NE(digest("image/jpeg"), digest("image/png"));
}

TEST_F(JobUploadTest, ChargesItsBytesAsTheyComeAndKeepsOnlyThePayloads) {
  Budget(1024 * kKiB);
  JobUpload upload(*service_, 0, std::nullopt);
  ASSERT_TRUE(upload.Write(std::string(10, 'a')).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kUploads), 256 * kKiB);
  ASSERT_TRUE(upload.Write(std::string(300 * kKiB, 'a')).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kUploads), 512 * kKiB);
  const auto finished = upload.Finish();
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(ledger_->Used(), 300 * kKiB + 10);
}

TEST_F(JobUploadTest, OfAKnownLengthIsChargedNoMoreThanThat) {
  Budget(100 * kKiB);
  JobUpload upload(*service_, 0, 90 * kKiB);
  ASSERT_TRUE(upload.Write(std::string(10, 'a')).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kUploads), 90 * kKiB);
}

TEST_F(JobUploadTest, IsRefusedOnceTheBudgetIsSpentAndGivesItsBytesBack) {
  Budget(400 * kKiB);
  {
    const auto others = ledger_->TryCharge(MemoryUse::kUploads, 100 * kKiB);
    JobUpload upload(*service_, 0, std::nullopt);
    ASSERT_TRUE(upload.Write(std::string(200 * kKiB, 'a')).ok());
    const auto refused = upload.Write(std::string(200 * kKiB, 'a'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().type, "memory-budget-spent");
    EXPECT_TRUE(Counted("memory", 1));
  }
  EXPECT_EQ(ledger_->Used(), 0U);
}

TEST_F(JobUploadTest, IsTooLongOnceItIsLongerThanTheWholeBudget) {
  Budget(400 * kKiB);
  JobUpload upload(*service_, 0, std::nullopt);
  ASSERT_TRUE(upload.Write(std::string(400 * kKiB, 'a')).ok());
  const auto refused = upload.Write("a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kPayloadTooLarge);
}

}  // namespace
}  // namespace headrace
