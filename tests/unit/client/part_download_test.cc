// The parts of a kept result, over connections that are lost.
#include "client/part_download.h"

#include "unit/client/client_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Answering;
using testing_support::AnswerText;

class PartDownloadTest : public ClientTest {
 protected:
  static JobView Job(const std::vector<PartView>& parts) {
    JobView job;
    job.id = "01abc";
    job.state = "succeeded";
    job.parts = parts;
    return job;
  }
  headrace::Status Fetch(const Server& server, const std::vector<PartView>& parts) {
    ServiceClient client({server.Url("")}, cancel_, deadline_);
    ResultFolder folder({Out(), "", false});
    PartDownload download(
        client,
        CallRetry(cancel_, deadline_, retry_, [](const std::string&, std::chrono::seconds) {}),
        folder, [] {});
    if (auto fetched = download.Fetch(Job(parts)); !fetched) return fetched;
    return folder.Commit();
  }
};

TEST_F(PartDownloadTest, AsksForEachPartByItsEncodedName) {
  AskedList asked;
  const Server server(Answering([&](const Request& request) {
    asked.Add(request);
    return AnswerText(200, "12345");
  }));
  ASSERT_TRUE(Fetch(server, {{"a b.png", "", 5}, {"../ü", "", 5}}).ok());
  EXPECT_THAT(asked.Lines(), ElementsAre("GET /v1/jobs/01abc/result/a%20b.png",
                                         "GET /v1/jobs/01abc/result/..%2F%C3%BC"));
  EXPECT_THAT(Files(), ElementsAre("___ü", "a b.png"));
}

TEST_F(PartDownloadTest, GoesOnWhereALostConnectionEnded) {
  AskedList asked;
  const Server server([&](Connection& connection) {
    const auto request = connection.ReadRequest();
    if (!request) return;
    asked.Add(*request);
    if (connection.number() == 1) {
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"t\"\r\n\r\n0123");
      return;
    }
    connection.Send(AnswerText(206, "456789", "ETag: \"t\"\r\nContent-Range: bytes 4-9/10\r\n"));
  });
  ASSERT_TRUE(Fetch(server, {{"a", "", 10}}).ok());
  EXPECT_EQ(Text(Out() / "a"), "0123456789");
  EXPECT_EQ(asked.At(1).Field("Range"), "bytes=4-");
  EXPECT_EQ(asked.At(1).Field("If-Range"), "\"t\"");
}

TEST_F(PartDownloadTest, BeginsAnewWithoutATagOrWhereTheWholeComes) {
  for (const char* tag : {"", "ETag: W/\"weak\"\r\n", "ETag: \"t\"\r\n"}) {
    std::filesystem::remove(Out() / "a");
    const Server server([&](Connection& connection) {
      connection.ReadRequest();
      if (connection.number() == 1) {
        connection.Send(std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n") + tag +
                        "\r\nXXXX");
        return;
      }
      connection.Send(AnswerText(200, "0123456789"));
    });
    ASSERT_TRUE(Fetch(server, {{"a", "", 10}}).ok());
    EXPECT_EQ(Text(Out() / "a"), "0123456789");
  }
}

TEST_F(PartDownloadTest, RefusesAnotherRangeThanItAskedFor) {
  const Server server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send(connection.number() == 1
                        ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"t\"\r\n\r\n0123"
                        : AnswerText(206, "0123456789", "Content-Range: bytes 0-9/10\r\n"));
  });
  const auto fetched = Fetch(server, {{"a", "", 10}});
  ASSERT_FALSE(fetched.ok());
  EXPECT_THAT(fetched.error().hint, HasSubstr("range"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(PartDownloadTest, NothingIsLeftOfAResultThatIsNotAsItsStatusSays) {
  for (const char* body : {"123", "1234567"}) {
    const Server server(Answering([&](const Request& request) {
      return AnswerText(200, request.target.ends_with("/a") ? "12345" : body);
    }));
    const auto fetched = Fetch(server, {{"a", "", 5}, {"b", "", 5}});
    ASSERT_FALSE(fetched.ok());
    EXPECT_EQ(ExitCodeOf(fetched.error().code), ExitCode::kBroken);
    EXPECT_THAT(Files(), IsEmpty());
  }
}

TEST_F(PartDownloadTest, ADroppedResultIsRefused) {
  const Server server(Answering([&](const Request&) { return Problem(410, "gone"); }));
  const auto fetched = Fetch(server, {{"a", "", 5}});
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().hint, "the gone problem (/problems/gone, HTTP 410)");
}

}  // namespace
}  // namespace headrace
