// Queues with `handler: http`, and its keys elsewhere.
#include <gmock/gmock.h>

#include <string>

#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CheckUpstreamTest : public ConfigFixture {
 protected:
  CheckUpstreamTest() {
    HandlerEntry http;
    http.info = UpstreamInfo();
    http.forwards = true;
    handlers_.Add(std::move(http));
  }
  // A queue "a" with these keys, a line each.
  LoadedConfig Queue(const std::string& keys, std::vector<std::string> environment = {}) {
    return Load("queues:\n  a:\n    handler: http\n" + keys, std::move(environment));
  }
};

TEST_F(CheckUpstreamTest, AQueueNeedsOnlyTheUrl) {
  const LoadedConfig loaded = Queue("    upstream: http://127.0.0.1:9000/predict\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const QueueConfig& queue = loaded.config.queues.at(0);
  EXPECT_EQ(queue.upstream.url, "http://127.0.0.1:9000/predict");
  EXPECT_EQ(queue.upstream.method, "POST");
  EXPECT_TRUE(queue.upstream.stream);
  EXPECT_TRUE(queue.OnlyWaits());
  EXPECT_FALSE(queue.NeedsExecutors());
}

TEST_F(CheckUpstreamTest, EveryKeyIsRead) {
  const std::string file = dir_ + "/headers";
  std::ofstream(file) << "X-Key: 1\n";
  std::ofstream(dir_ + "/ca.pem") << "-----BEGIN CERTIFICATE-----\n";
  const LoadedConfig loaded = Queue(
      "    upstream: https://h/\n    method: PATCH\n"
      "    connect_timeout: 2s\n    idle_timeout: 3s\n"
      "    max_response_headers: 4KiB\n    ca_file: " +
      dir_ + "/ca.pem\n    headers_file: " + file + "\n    stream: false\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  const UpstreamOptions& upstream = loaded.config.queues.at(0).upstream;
  EXPECT_EQ(upstream.method, "PATCH");
  EXPECT_EQ(upstream.connect_timeout, std::chrono::seconds(2));
  EXPECT_EQ(upstream.idle_timeout, std::chrono::seconds(3));
  EXPECT_EQ(upstream.max_response_headers, 4096U);
  EXPECT_EQ(upstream.ca_file, dir_ + "/ca.pem");
  EXPECT_EQ(upstream.headers_file, file);
  EXPECT_FALSE(upstream.stream);
}

TEST_F(CheckUpstreamTest, TheUrlMayComeFromTheEnvironment) {
  const LoadedConfig loaded = Queue("", {"HEADRACE_QUEUES_A_UPSTREAM=http://h:1/"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.queues.at(0).upstream.url, "http://h:1/");
}

TEST_F(CheckUpstreamTest, AQueueWithoutUrlIsRefused) {
  EXPECT_THAT(Queue("").problems,
              ElementsAre("f.yaml:2: queues.a.upstream: is missing; allowed: a URL like "
                          "http://127.0.0.1:9000/predict"));
}

TEST_F(CheckUpstreamTest, AUrlThatIsNoneIsRefusedWithoutRepeatingIt) {
  EXPECT_THAT(Queue("    upstream: http://me:tiger@host/\n").problems,
              ElementsAre(AllOf(HasSubstr("f.yaml:4: queues.a.upstream: has a user or a password"),
                                Not(HasSubstr("tiger")))));
}

TEST_F(CheckUpstreamTest, ValuesThatCannotBeAreRefused) {
  EXPECT_THAT(Queue("    upstream: http://h/\n    method: GET\n    connect_timeout: 0s\n"
                    "    idle_timeout: 2h\n    max_response_headers: 1MiB\n    stream: maybe\n")
                  .problems,
              ElementsAre(HasSubstr("f.yaml:5: queues.a.method: 'GET' is unknown; allowed: one of "
                                    "POST, PUT, PATCH"),
                          HasSubstr("f.yaml:6: queues.a.connect_timeout: 0s is too small"),
                          HasSubstr("f.yaml:7: queues.a.idle_timeout: 2h is too large"),
                          HasSubstr("f.yaml:8: queues.a.max_response_headers: 1MiB is too large"),
                          HasSubstr("f.yaml:9: queues.a.stream: 'maybe' is unknown")));
}

TEST_F(CheckUpstreamTest, FilesThatAreOfNoUseAreRefused) {
  EXPECT_THAT(Queue("    upstream: https://h/\n    ca_file: /nowhere/ca.pem\n"
                    "    headers_file: /nowhere/headers\n")
                  .problems,
              ElementsAre(HasSubstr("f.yaml:5: queues.a.ca_file: '/nowhere/ca.pem' is no readable"),
                          HasSubstr("f.yaml:6: queues.a.headers_file: '/nowhere/headers' cannot")));
}

TEST_F(CheckUpstreamTest, WhatBelongsToExecutorsIsRefused) {
  const std::string url = "    upstream: http://h/\n";
  EXPECT_THAT(Queue(url + "    isolation: {mode: process}\n").problems,
              ElementsAre(HasSubstr("f.yaml:5: queues.a.isolation.mode: handler http starts no "
                                    "process")));
  EXPECT_THAT(Queue(url + "    isolation:\n      memory: 1GiB\n      cpu: 5s\n").problems,
              ElementsAre(HasSubstr("f.yaml:6: queues.a.isolation.memory: handler http starts no"),
                          HasSubstr("f.yaml:7: queues.a.isolation.cpu: handler http starts no")));
  EXPECT_THAT(Queue(url, {"HEADRACE_QUEUES_A_ISOLATION_CPU=5s"}).problems,
              ElementsAre(HasSubstr("queues.a.isolation.cpu: handler http starts no process")));
  EXPECT_THAT(Queue(url + "    isolation: {mode: thread}\n").problems, IsEmpty());
}

TEST_F(CheckUpstreamTest, ItsKeysAreRefusedBesideOtherHandlers) {
  EXPECT_THAT(Load("queues:\n  a:\n    handler: pdf-to-image\n    upstream: http://h/\n"
                   "    idle_timeout: 5s\n    method: POST\n")
                  .problems,
              ElementsAre(HasSubstr("f.yaml:4: queues.a.upstream: is for handler http only, this "
                                    "queue has handler pdf-to-image; leave it out"),
                          HasSubstr("f.yaml:5: queues.a.idle_timeout: is for handler http only")));
}

TEST_F(CheckUpstreamTest, AFolderIsNoFileOfCertificates) {
  EXPECT_THAT(Queue("    upstream: https://h/\n    ca_file: " + dir_ + "\n").problems,
              ElementsAre(HasSubstr("is no readable PEM file with certificates")));
}

}  // namespace
}  // namespace headrace
