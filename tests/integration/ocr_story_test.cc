// A picture of text becomes text.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>

#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kQueues =
    "  ocr: {handler: ocr, workers: 1, ocr: {languages: [eng, deu]}}\n"
    "  pdf-to-image: {handler: pdf-to-image, workers: 1}";
constexpr const char* kOcr = "/v1/queues/ocr/jobs";
constexpr const char* kPassword = "Headrace-Param-Password: secret\r\n";

std::string Data(const std::string& name) {
  std::ifstream file(HEADRACE_TEST_DATA "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(OcrStory, TextComesBackFromAPictureAndFromAPdf) {
  ServiceProcess service(kQueues);
  ASSERT_NE(service.port(), 0) << service.Log();
  const HttpAnswer picture =
      service.Post("/v1/queues/pdf-to-image/jobs?dpi=300", Data("locked.pdf"), kPassword);
  ASSERT_EQ(picture.status, 200) << picture.body;
  const HttpAnswer text = service.Post(kOcr, picture.body, "Content-Type: image/png\r\n");
  ASSERT_EQ(text.status, 200) << text.body;
  EXPECT_EQ(text.Field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(text.body, "It opens.\n");
  const HttpAnswer pdf =
      service.Post(std::string(kOcr) + "?lang=deu+eng&output=json", Data("locked.pdf"), kPassword);
  ASSERT_EQ(pdf.status, 200) << pdf.body;
  EXPECT_EQ(pdf.Field("Content-Type"), "application/json");
  EXPECT_THAT(pdf.body, HasSubstr("\"text\":\"It opens.\""));
}

TEST(OcrStory, SeveralPagesAreAZipInTheirOrder) {
  ServiceProcess service(kQueues);
  const HttpAnswer answer =
      service.Post(std::string(kOcr) + "?pages=3,1&dpi=100&output=tsv", Data("sample.pdf"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Field("Content-Type"), "application/zip");
  EXPECT_LT(answer.body.find("page-0003.tsv"), answer.body.find("page-0001.tsv"));
  EXPECT_THAT(answer.body, HasSubstr("Spillway"));
}

// One executor for the job and one ahead of the next would be two.
TEST(OcrStory, PagesOfADocumentAreReadInFreeSlotsAndComeInTheirOrder) {
  ServiceProcess service("  ocr: {handler: ocr, workers: 1}");
  const HttpAnswer answer = service.Post(std::string(kOcr) + "?dpi=150", Data("sample.pdf"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  std::size_t at = 0;
  for (const char* page : {"page-0001", "page-0002", "page-0003"}) {
    at = answer.body.find(page, at);
    EXPECT_NE(at, std::string::npos) << page;
  }
  EXPECT_GE(service.Scrape().at("headrace_executors_started_total{queue=\"ocr\"}"), 3);
}

TEST(OcrStory, WhatCannotBeReadIsA422ThatSaysWhatToDo) {
  ServiceProcess service(kQueues);
  const HttpAnswer language = service.Post(std::string(kOcr) + "?lang=fra", Data("locked.pdf"));
  EXPECT_EQ(language.status, 422);
  EXPECT_THAT(language.body, HasSubstr("allowed are eng, deu"));
  const HttpAnswer html = service.Post(kOcr, "<html></html>", "Content-Type: image/png\r\n");
  EXPECT_EQ(html.status, 422);
  EXPECT_THAT(html.body, HasSubstr("ocr-unsupported-format"));
  const HttpAnswer secret =
      service.Post(std::string(kOcr) + "?password=secret", Data("locked.pdf"));
  EXPECT_EQ(secret.status, 422);
  EXPECT_THAT(secret.body, HasSubstr("may not stand in the query"));
}

TEST(OcrStory, ALanguageThatIsNotInstalledIsInTheLogAndItsJobsGet503) {
  ServiceProcess service("  ocr: {handler: ocr, workers: 1, ocr: {languages: [eng, xyz]}}");
  EXPECT_EQ(service.Post(kOcr, "x").status, 503);
  EXPECT_TRUE(service.AwaitLog("xyz.traineddata cannot be read; install the language"));
}

}  // namespace
}  // namespace headrace::testing_support
