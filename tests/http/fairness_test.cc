// What one client does must not keep others waiting.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "http/edge/edge_server.h"
#include "http/server_fixture.h"
#include "support/event.h"

namespace headrace {
namespace {

constexpr const char* kJobs = "/v1/queues/echo/jobs";
constexpr std::size_t kMiB = std::size_t{1} << 20;

class FairnessTest : public ServerFixture {
 protected:
  // One reactor; bodies up to 64 MiB.
  void ServeOne() {
    HttpOptions options;
    options.threads = 1;
    options.max_body = 64 * kMiB;
    Serve(std::move(options));
  }
};

// Sends a body of which every byte could begin a boundary, as fast as it is taken.
class BusyUpload {
 public:
  BusyUpload(RawClient client, std::string head, std::string block, std::size_t blocks)
      : client_(std::move(client)),
        thread_([this, head = std::move(head), block = std::move(block), blocks] {
          client_.Send(head);
          for (std::size_t i = 0; i < blocks && client_.Send(block); ++i) {
            if (i == 0) begun_.Set();
          }
          done_ = true;
        }) {}
  ~BusyUpload() { thread_.join(); }
  BusyUpload(const BusyUpload&) = delete;
  BusyUpload& operator=(const BusyUpload&) = delete;

  [[nodiscard]] bool WaitUntilBegun() { return begun_.Wait(); }
  [[nodiscard]] bool Done() const { return done_; }

 private:
  RawClient client_;
  Event begun_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

TEST_F(FairnessTest, AnUploadOfCarriageReturnsLetsOthersBeAnswered) {
  ServeOne();
  const std::string start = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
  BusyUpload upload(Connect(),
                    PostHead(kJobs, 24 * kMiB + start.size(),
                             "Content-Type: multipart/form-data; boundary=b\r\n") +
                        start,
                    std::string(kMiB, '\r'), 24);
  ASSERT_TRUE(upload.WaitUntilBegun());
  RawClient other = Connect();
  other.Send(GetRequest("/v1/queues"));
  EXPECT_EQ(other.Read()->status, 200);
  EXPECT_FALSE(upload.Done()) << "the other was served only after the upload";
}

TEST_F(FairnessTest, AnUploadInChunksOfOneByteLetsOthersBeAnswered) {
  ServeOne();
  std::string block;
  while (block.size() < kMiB) block += "1\r\nx\r\n";
  BusyUpload upload(
      Connect(),
      "POST " + std::string(kJobs) + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      block, 24);
  ASSERT_TRUE(upload.WaitUntilBegun());
  RawClient other = Connect();
  other.Send(GetRequest("/v1/queues"));
  EXPECT_EQ(other.Read()->status, 200);
  EXPECT_FALSE(upload.Done()) << "the other was served only after the upload";
}

TEST_F(FairnessTest, AllPipelinedRequestsAreAnsweredThoughTheClientHasHalfClosed) {
  Serve();
  RawClient client = Connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += GetRequest("/v1/queues/echo");
  client.Send(requests);
  client.HalfClose();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.Read()) << i;
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(FairnessTest, AClientThatLeavesUnreadInputBehindFreesItsJob) {
  Serve();
  CloseGate();
  RawClient client = Connect();
  client.Send(PostRequest(kJobs, "a"));
  ASSERT_TRUE(WaitForRunning(1));
  client.Send(std::string(300'000, 'x'));  // more than is kept, less than sockets hold
  client.Reset();
  EXPECT_TRUE(WaitForFinished(1)) << "the job ran on for nobody";
}

// Tells on which thread each request's head was read.
class ThreadSite final : public Site {
 public:
  std::optional<Answer> OnHeaders(Exchange& /*exchange*/) override {
    const MutexLock lock(mu_);
    threads_.insert(std::this_thread::get_id());
    return Answer{};
  }
  void OnRequest(Connection& /*connection*/) override {}
  void OnAnswered(const Exchange& /*exchange*/, int /*status*/) override {}
  void OnConnections(int /*delta*/) override {}
  [[nodiscard]] std::size_t Threads() {
    const MutexLock lock(mu_);
    return threads_.size();
  }

 private:
  Mutex mu_;
  std::set<std::thread::id> threads_ GUARDED_BY(mu_);
};

TEST(Reactors, ShareConnectionsWhateverTheirDescriptorsAre) {
  ThreadSite site;
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  options.threads = 2;
  EdgeServer server(options, site, "test");
  ASSERT_TRUE(server.Start().ok());
  std::vector<RawClient> clients;
  // Each connection takes two descriptors of this process: the client's and the server's.
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server.port());
    clients.back().Send(GetRequest("/"));
    ASSERT_TRUE(clients.back().Read());
  }
  EXPECT_EQ(site.Threads(), 2U);
  server.Stop();
}

}  // namespace
}  // namespace headrace
