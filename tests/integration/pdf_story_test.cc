// A PDF becomes pictures, and an executor whose client has gone is gone too.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kQueue = "  pdf-to-image: {handler: pdf-to-image, workers: 1}";
constexpr const char* kJobs = "/v1/queues/pdf-to-image/jobs";
constexpr const char* kRunning = "headrace_jobs_running{queue=\"pdf-to-image\"}";
constexpr const char* kCancelled =
    "headrace_executor_deaths_total{queue=\"pdf-to-image\",reason=\"cancelled\"}";
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

TEST(PdfStory, WhatIsNoPdfIsA422ThatSaysSo) {
  ServiceProcess service(kQueue);
  const HttpAnswer answer = service.Post(kJobs, "hello, I am no PDF");
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.Field("Content-Type"), "application/problem+json");
  EXPECT_EQ(service.Post(std::string(kJobs) + "?pages=1&dpi=72", Sample()).status, 200);
}

// How long the worker needs to begin the next job once the client of the running one has gone.
SteadyClock::duration TimeToNextJob(const ServiceProcess& service, double cancelled) {
  HttpClient gone(service.port());
  gone.Send(MakeRequest("POST", std::string(kJobs) + "?dpi=600", Sample()));
  EXPECT_TRUE(service.Await(kRunning, 1));
  HttpClient next(service.port());
  next.Send(MakeRequest("POST", std::string(kJobs) + "?pages=1&dpi=10", Sample()));
  EXPECT_TRUE(service.Await("headrace_queue_length{queue=\"pdf-to-image\"}", 1));
  const SteadyTime start = SteadyClock::now();
  gone.Reset();
  const auto answer = next.Read(Deadline::After(seconds(60)));
  const auto took = SteadyClock::now() - start;
  EXPECT_TRUE(answer && answer->status == 200);
  EXPECT_TRUE(service.Await(kCancelled, cancelled));
  return took;
}

TEST(PdfStory, WhenAClientLeavesItsExecutorDiesAndItsWorkerIsOnAnotherJobWithin100Ms) {
  ServiceProcess service(kQueue);
  ASSERT_NE(service.port(), 0) << service.Log();
  // The whole next job is inside the measured time; other processes may hold it up, so the best
  // counts.
  SteadyClock::duration best = seconds(60);
  for (int i = 1; i <= 5; ++i) best = std::min(best, TimeToNextJob(service, i));
#ifdef HEADRACE_SANITIZED
  EXPECT_LT(best, seconds(5));
#else
  EXPECT_LT(best, milliseconds(100));
#endif
}

}  // namespace
}  // namespace headrace::testing_support
