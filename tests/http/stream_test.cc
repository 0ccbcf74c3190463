// Results that are sent part by part, as they are complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class StreamTest : public ServerFixture {
 protected:
  void SetUp() override { Serve(); }

  static std::string Post(const std::string& query, const std::string& accept) {
    return PostRequest("/v1/queues/echo/jobs?" + query, "hello", "Accept: " + accept + "\r\n");
  }
  // Reads on until that has come, or the connection ends.
  void ReadUntil(RawClient& client, const std::string& text) {
    while (got_.find(text) == std::string::npos) {
      const std::string some = client.ReadSome();
      if (some.empty()) return;
      got_ += some;
    }
  }
  // The bytes of the chunks so far.
  [[nodiscard]] std::string Body() const {
    std::string body;
    std::size_t at = got_.find("\r\n\r\n") + 4;
    while (at < got_.size()) {
      const std::size_t size = std::stoul(got_.substr(at), nullptr, 16);
      at = got_.find("\r\n", at) + 2;
      body += got_.substr(at, size);
      if (size == 0) break;
      at += size + 2;
    }
    return body;
  }

  std::string got_;
};

TEST_F(StreamTest, SendsAZipEntryAsSoonAsItIsComplete) {
  CloseGate();
  RawClient client = Connect();
  client.Send(Post("parts=2", "application/zip"));
  ReadUntil(client, "hello\r\n");
  EXPECT_THAT(got_, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(got_, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(got_, HasSubstr("Job-Id: "));
  EXPECT_THAT(got_, HasSubstr("Content-Type: application/zip\r\n"));
  EXPECT_THAT(got_, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(Body(), EndsWith("part-1.txthello"));
  OpenGate();
  ReadUntil(client, "Server-Timing: queue;dur=");
  ReadUntil(client, "\r\n\r\n");
  const std::string body = Body();
  EXPECT_THAT(body, HasSubstr("part-2.txthello"));
  // The end of the central directory: two entries, on one disk.
  const std::string end("PK\x05\x06\0\0\0\0\x02\0\x02\0", 12);
  EXPECT_EQ(body.find(end), body.size() - 22);
  client.Send(GetRequest("/v1/queues"));
  ReadUntil(client, "\"queues\"");
  EXPECT_THAT(got_, HasSubstr("\"queues\""));
}

TEST_F(StreamTest, SendsMultipartMixedPartByPart) {
  RawClient client = Connect();
  client.Send(Post("parts=2", "multipart/mixed, application/json;q=0.5"));
  ReadUntil(client, "Server-Timing: queue;dur=");
  EXPECT_THAT(got_, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(Body(), HasSubstr("filename=\"part-2.txt\"\r\nContent-Length: 5\r\n\r\nhello\r\n--"));
  EXPECT_THAT(Body(), EndsWith("--\r\n"));
}

TEST_F(StreamTest, EndsWithoutTheLastChunkWhenTheJobFailsAfterItsFirstPart) {
  RawClient client = Connect();
  client.Send(Post("parts=2&say=fail", "application/zip"));
  ReadUntil(client, "never");
  EXPECT_THAT(got_, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(got_, Not(HasSubstr("\r\n0\r\n")));
}

TEST_F(StreamTest, KeepsTheStatusOfAFailureBeforeTheFirstPart) {
  RawClient client = Connect();
  client.Send(Post("parts=0&say=fail", "application/zip"));
  EXPECT_EQ(client.Read()->status, 502);
}

TEST_F(StreamTest, OfAClientThatLeavesCancelsTheJob) {
  CloseGate();
  RawClient client = Connect();
  client.Send(Post("parts=2", "application/zip"));
  ReadUntil(client, "hello\r\n");
  client.Close();
  EXPECT_TRUE(WaitForFinished(1));
  EXPECT_EQ(service_->Figures(0).cancelled, 1U);
}

TEST_F(StreamTest, IsNotForClientsOfHttp10NorForThoseWhoTakeAnything) {
  RawClient old = Connect();
  old.Send(
      "POST /v1/queues/echo/jobs?parts=2 HTTP/1.0\r\nAccept: application/zip\r\n"
      "Content-Length: 1\r\n\r\nx");
  EXPECT_NE(old.Read()->Field("content-length"), "");
  RawClient any = Connect();
  any.Send(Post("parts=2", "application/zip, */*"));
  EXPECT_NE(any.Read()->Field("content-length"), "");
}

}  // namespace
}  // namespace headrace
