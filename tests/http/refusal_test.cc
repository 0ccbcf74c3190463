// What the head of a request for work decides is answered before its body, in one order, whatever
// else is wrong with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

constexpr const char* kEcho = "/v1/queues/echo/jobs";
constexpr const char* kPdf = "/v1/queues/pdf/jobs";

class RefusalTest : public ServerFixture {
 protected:
  // The answer to a request whose body does not come.
  RawAnswer Refused(const std::string& head) {
    RawClient client = Connect();
    client.Send(head);
    return client.Read().value_or(RawAnswer());
  }
  void ExpectProblem(const std::string& head, int status, const std::string& type) {
    const RawAnswer answer = Refused(head);
    EXPECT_EQ(answer.status, status) << head << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"/problems/" + type + "\"")) << head;
  }
};

TEST_F(RefusalTest, RefusesACompressedBodyWhicheverFieldSaysSo) {
  Serve();
  for (const char* fields : {"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n",
                             "Content-Encoding: identity, br\r\n"}) {
    EXPECT_EQ(Refused(PostHead(kEcho, 10, fields)).status, 415) << fields;
  }
}

TEST_F(RefusalTest, JudgesTheTypeOfAFormsFileAsThatOfABody) {
  Serve();
  const auto form = [](const std::string& part_fields) {
    return PostRequest(kPdf,
                       "--b\r\nContent-Disposition: form-data; name=f; filename=a\r\n" +
                           part_fields + "\r\nthe file\r\n--b--\r\n",
                       "Content-Type: multipart/form-data; boundary=b\r\n");
  };
  ExpectProblem(form("Content-Type: text/plain\r\n"), 415, "unsupported-media-type");
  ExpectProblem(form("content-type: a/b\r\nContent-Type: application/pdf\r\n"), 400,
                "malformed-form");
  EXPECT_EQ(Refused(form("Content-Type: Application/PDF; a=b\r\n")).status, 200);
  EXPECT_EQ(Refused(form("")).status, 200);
}

TEST_F(RefusalTest, RefusesAFormPartWithoutAName) {
  Serve();
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nstray\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"say\"\r\n\r\nhi\r\n--b--\r\n";
  ExpectProblem(PostRequest(kEcho, form, "Content-Type: multipart/form-data; boundary=b\r\n"), 400,
                "malformed-form");
}

}  // namespace
}  // namespace headrace
