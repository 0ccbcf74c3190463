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
