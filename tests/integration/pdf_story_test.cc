// A PDF becomes pictures, and an executor whose client has gone is gone too.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>

#include "support/event.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kQueue = "  pdf-to-image: {handler: pdf-to-image, workers: 1}";
constexpr const char* kJobs = "/v1/queues/pdf-to-image/jobs";
constexpr const char* kCancelled =
    "headrace_executor_deaths_total{queue=\"pdf-to-image\",reason=\"cancelled\"}";
constexpr const char* kResults = "headrace_memory_bytes{use=\"results\"}";
constexpr const char* kPng = "\x89PNG\r\n\x1a\n";

std::string Sample() {
  std::ifstream file(HEADRACE_TEST_DATA "/sample.pdf", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Form(const std::string& pdf) {
  return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
         "Content-Type: application/pdf\r\n\r\n" +
         pdf + "\r\n--b--\r\n";
}

TEST(PdfStory, OnePageIsAnImageAndAFormGivesTheSame) {
  ServiceProcess service(kQueue);
  ASSERT_NE(service.port(), 0) << service.Log();
  const HttpAnswer raw = service.Post(std::string(kJobs) + "?pages=1&dpi=72", Sample(),
                                      "Content-Type: application/pdf\r\n");
  ASSERT_EQ(raw.status, 200) << raw.body;
  EXPECT_EQ(raw.Field("Content-Type"), "image/png");
  EXPECT_THAT(raw.body, StartsWith(kPng));
  const HttpAnswer form = service.Post(std::string(kJobs) + "?pages=1&dpi=72", Form(Sample()),
                                       "Content-Type: multipart/form-data; boundary=b\r\n");
  ASSERT_EQ(form.status, 200) << form.body;
  EXPECT_EQ(form.body, raw.body);
}

TEST(PdfStory, SeveralPagesAreAZip) {
  ServiceProcess service(kQueue);
  const HttpAnswer answer = service.Post(std::string(kJobs) + "?dpi=72", Sample());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Field("Content-Type"), "application/zip");
  EXPECT_THAT(answer.body, HasSubstr("page-0001.png"));
  EXPECT_THAT(answer.body, HasSubstr("page-0002.png"));
}

std::string PostHead(const std::string& query) {
  return "POST " + std::string(kJobs) + query +
         " HTTP/1.1\r\nHost: a\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n"
         "Expect: 100-continue\r\n\r\n";
}

TEST(PdfStory, ParamsThatDoNotGoTogetherAreRefusedBeforeTheBody) {
  ServiceProcess service(kQueue);
  for (const char* query : {"?format=jpeg&background=transparent", "?format=txt&dpi=100",
                            "?background=%23ff", "?format=jpeg&compression=small"}) {
    HttpClient client(service.port());
    client.Send(PostHead(query));
    const auto answer = client.Read(Deadline::After(seconds(60)));
    ASSERT_TRUE(answer) << query;
    EXPECT_EQ(answer->status, 422) << query;
    EXPECT_THAT(answer->body, HasSubstr("/problems/invalid-params"));
  }
}

TEST(PdfStory, TextAndMetadataComeAsThemselves) {
  ServiceProcess service(kQueue);
  const HttpAnswer text = service.Post(std::string(kJobs) + "?format=txt&pages=1", Sample());
  ASSERT_EQ(text.status, 200) << text.body;
  EXPECT_EQ(text.Field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_THAT(text.body, HasSubstr("CPU-heavy work"));
  EXPECT_EQ(service.Post(std::string(kJobs) + "?pages=1", Sample(), "Accept: text/plain\r\n").body,
            text.body);
  // What axios sends: it takes anything, so it gets what the queue makes first.
  EXPECT_THAT(service
                  .Post(std::string(kJobs) + "?pages=1&dpi=20", Sample(),
                        "Accept: application/json, text/plain, */*\r\n")
                  .Field("Content-Type"),
              "image/png");
  for (const char* accept : {"", "Accept: application/json\r\n"}) {
    const HttpAnswer metadata = service.Post(std::string(kJobs) + "?format=json", Sample(), accept);
    ASSERT_EQ(metadata.status, 200) << metadata.body;
    EXPECT_EQ(metadata.Field("Content-Type"), "application/json");
    EXPECT_THAT(metadata.body, StartsWith("{\"page_count\":3,"));
  }
}

TEST(PdfStory, EveryFormatHasAJsonFormWithItsBytesInBase64) {
  ServiceProcess service(kQueue);
  for (const auto& [query, name, base64] :
       {std::tuple("?format=png&dpi=20", "page-0003.png", "\"base64\":\"iVBORw0KGgo"),
        std::tuple("?format=jpeg&dpi=20", "page-0003.jpg", "\"base64\":\"/9j/"),
        std::tuple("?format=txt", "page-0003.txt", "\"base64\":\"")}) {
    const HttpAnswer answer =
        service.Post(std::string(kJobs) + query, Sample(), "Accept: application/json\r\n");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(name));
    EXPECT_THAT(answer.body, HasSubstr(base64));
  }
}

TEST(PdfStory, TheQueuesLimitsReachItsExecutors) {
  ServiceProcess service(
      "  pdf-to-image: {handler: pdf-to-image, workers: 1, pdf: {max_pages: 2, max_page_pixels: "
      "10000}}");
  const HttpAnswer pages = service.Post(kJobs, Sample());
  EXPECT_EQ(pages.status, 422);
  EXPECT_THAT(pages.body, HasSubstr("more than 2 pages"));
  EXPECT_THAT(service.Post(std::string(kJobs) + "?pages=1", Sample()).body,
              HasSubstr("pdf-page-too-large"));
}

TEST(PdfStory, WhatIsNoPdfIsA422ThatSaysSo) {
  ServiceProcess service(kQueue);
  const HttpAnswer answer = service.Post(kJobs, "hello, I am no PDF");
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.Field("Content-Type"), "application/problem+json");
  EXPECT_EQ(service.Post(std::string(kJobs) + "?pages=1&dpi=72", Sample()).status, 200);
}

// So many empty pages; at 600 dpi each has 34 million pixels.
std::string EmptyPages(int count) {
  std::string kids;
  std::string pages;
  for (int number = 3; number < count + 3; ++number) {
    kids += std::to_string(number) + " 0 R ";
    pages += std::to_string(number) + " 0 obj <</Type /Page /Parent 2 0 R>> endobj\n";
  }
  return "%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages "
         "/Count " +
         std::to_string(count) + " /MediaBox [0 0 612 792] /Kids [" + kids + "]>> endobj\n" +
         pages + "trailer <</Root 1 0 R>>\n";
}

TEST(PdfStory, WhenAClientLeavesItsExecutorDiesAndItsWorkerTakesTheNextJob) {
  ServiceProcess service(kQueue);
  const std::string minutes = EmptyPages(2000);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(service.Await(kResults, 0));
    HttpClient gone(service.port());
    gone.Send(MakeRequest("POST", std::string(kJobs) + "?dpi=600", minutes));
    // It has made pages. That it runs says less: it may have no executor yet.
    ASSERT_TRUE(Eventually([&] { return service.Scrape()[kResults] > 0; }));
    HttpClient next(service.port());
    next.Send(MakeRequest("POST", std::string(kJobs) + "?pages=1&dpi=10", Sample()));
    ASSERT_TRUE(service.Await("headrace_queue_length{queue=\"pdf-to-image\"}", 1));
    gone.Reset();
    const auto answer = next.Read(Deadline::After(seconds(20)));
    ASSERT_TRUE(answer && answer->status == 200);
    EXPECT_TRUE(service.Await(kCancelled, i));
  }
}

}  // namespace
}  // namespace headrace::testing_support
