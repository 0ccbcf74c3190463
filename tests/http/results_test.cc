// Results that lie in memory, in memfds and in the spool, over a real socket: byte for byte, to
// readers that are slower than the service, and with requests behind them on the same connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/server_fixture.h"
#include "support/event.h"

namespace headrace {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr const char* kJobs = "/v1/queues/echo/jobs";

// Bytes of which no two pieces are alike, so that one in a wrong place shows.
std::string Noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string text;
  text.reserve(size + sizeof(std::uint64_t));
  while (text.size() < size) {
    const std::uint64_t word = random();
    text.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  text.resize(size);
  return text;
}

std::size_t Number(std::string_view bytes, std::size_t at, std::size_t length) {
  std::size_t number = 0;
  while (length > 0) number = number << 8U | static_cast<unsigned char>(bytes.at(at + --length));
  return number;
}

// The entries of a zip whose entries are stored (APPNOTE, 4.3.7).
std::vector<std::string> Entries(std::string_view zip) {
  std::vector<std::string> entries;
  while (zip.starts_with("PK\x03\x04")) {
    const std::size_t start = 30 + Number(zip, 26, 2) + Number(zip, 28, 2);
    const std::size_t size = Number(zip, 18, 4);
    entries.emplace_back(zip.substr(start, size));
    zip.remove_prefix(start + size);
  }
  return entries;
}

std::string Unchunked(std::string_view bytes) {
  std::string body;
  while (const std::size_t size = std::stoul(std::string(bytes.substr(0, 16)), nullptr, 16)) {
    bytes.remove_prefix(bytes.find("\r\n") + 2);
    body += bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
  }
  return body;
}

std::ptrdiff_t OpenDescriptors() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/fd"), Entries());
}

struct Place {
  const char* sentence;
  PartsIn parts;
};

std::string SentenceOf(const testing::TestParamInfo<Place>& info) { return info.param.sentence; }

class ResultsTest : public ServerFixture, public testing::WithParamInterface<Place> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(KeepParts(GetParam().parts));
    HttpOptions options;
    options.threads = 1;
    Serve(options);
  }
};

INSTANTIATE_TEST_SUITE_P(Results, ResultsTest,
                         testing::Values(Place{"InMemory", PartsIn::kMemory},
                                         Place{"InMemfds", PartsIn::kMemfd},
                                         Place{"InTheSpool", PartsIn::kSpool}),
                         SentenceOf);

// The largest is more than the kernel's buffers take; the others lie at the writer's own limits.
TEST_P(ResultsTest, ArriveByteForByteWithTheAnswersOfThePipelineBehindThem) {
  RawClient client = Connect();
  for (const std::size_t size :
       {std::size_t{1}, 16 * kMiB / 1024, kMiB / 16 + 1, kMiB / 4, kMiB + 1, 24 * kMiB}) {
    const std::string payload = Noise(size);
    ASSERT_TRUE(client.Send(PostRequest(kJobs, payload) + GetRequest("/v1/queues/echo") +
                            PostRequest(kJobs, "after it")))
        << size;
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << size;
    EXPECT_EQ(answer->Field("content-length"), std::to_string(size));
    EXPECT_TRUE(answer->body == payload) << size;
    EXPECT_THAT(client.Read()->body, HasSubstr("\"name\":\"echo\""));
    EXPECT_EQ(client.Read()->body, "after it");
  }
}

// 64 KiB at a time, and nothing until the whole result is there: the service waits for the client
// again and again. Others are served meanwhile, by the same reactor.
TEST_P(ResultsTest, ArriveByteForByteAtASlowReaderThatHoldsUpNobody) {
  const std::string payload = Noise(16 * kMiB);
  RawClient slow = Connect();
  ASSERT_TRUE(slow.Send(PostRequest(kJobs, payload)));
  ASSERT_TRUE(WaitForFinished(1));
  RawClient other = Connect();
  std::string got;
  std::size_t head = 0;
  while (got.size() < head + payload.size()) {
    const std::string some = slow.ReadSome();
    ASSERT_FALSE(some.empty()) << got.size();
    got += some;
    if (head == 0) head = got.find("\r\n\r\n") + 4;
    other.Send(PostRequest(kJobs, "quick"));
    ASSERT_EQ(other.Read()->body, "quick");
  }
  EXPECT_TRUE(std::string_view(got).substr(head) == payload);
  slow.Send(GetRequest("/v1/queues"));
  EXPECT_EQ(slow.Read()->status, 200);
}

TEST_P(ResultsTest, OfSeveralPartsArriveByteForByteInAZip) {
  const std::string payload = Noise(2 * kMiB + 3);
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(PostRequest(std::string(kJobs) + "?parts=5", payload) +
                          PostRequest(std::string(kJobs) + "?parts=2", "small")));
  const auto large = client.Read();
  ASSERT_TRUE(large);
  EXPECT_TRUE(Entries(large->body) == std::vector<std::string>(5, payload));
  const auto small = client.Read();
  ASSERT_TRUE(small);
  EXPECT_EQ(Entries(small->body), std::vector<std::string>(2, "small"));
}

TEST_P(ResultsTest, ThatAreStreamedArriveByteForByte) {
  const std::string payload = Noise(2 * kMiB + 3);
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(PostRequest(std::string(kJobs) + "?parts=5", payload,
                                      "Accept: application/zip\r\nConnection: close\r\n")));
  const auto answer = client.ReadToEnd();
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->substr(0, 1000), HasSubstr("Transfer-Encoding: chunked\r\n"));
  const std::string body = Unchunked(answer->substr(answer->find("\r\n\r\n") + 4));
  EXPECT_TRUE(Entries(body) == std::vector<std::string>(5, payload));
}

TEST_P(ResultsTest, OfReadersThatLeaveInMidAnswerAreFreed) {
  const std::ptrdiff_t before = OpenDescriptors();
  const std::string payload = Noise(16 * kMiB);
  for (const bool reset : {true, false}) {
    RawClient client = Connect();
    ASSERT_TRUE(client.Send(PostRequest(kJobs, payload)));
    ASSERT_FALSE(client.ReadSome().empty());
    reset ? client.Reset() : client.Close();
  }
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() == before; }));
  EXPECT_EQ(spool_ ? spool_->Used() : 0, 0U);
  RawClient next = Connect();
  next.Send(PostRequest(kJobs, "next"));
  EXPECT_EQ(next.Read()->body, "next");
}

}  // namespace
}  // namespace headrace
