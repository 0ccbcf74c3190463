// The limits of multipart/form-data on a real socket: each exactly at its limit and one beyond it,
// in one piece and byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/server_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

constexpr std::size_t kKiB = 1024;
constexpr char kDisposition[] = "Content-Disposition: form-data; name=";

std::string Part(const std::string& headers, const std::string& body) {
  return "--b\r\n" + headers + "\r\n\r\n" + body + "\r\n";
}

std::string Field(const std::string& name, const std::string& value) {
  return Part(kDisposition + name, value);
}

std::string File(const std::string& text) {
  return Part(std::string(kDisposition) + "f; filename=a", text);
}

std::string Form(const std::string& body, const std::string& boundary = "b") {
  return PostRequest("/v1/queues/echo/jobs", body,
                     "Content-Type: multipart/form-data; boundary=\"" + boundary + "\"\r\n");
}

// A file and empty fields, which a form sends for what was left blank.
std::string FormOfParts(int count) {
  std::string body = File("the file");
  for (int i = 1; i < count; ++i) body += Field("blank" + std::to_string(i), "");
  return Form(body + "--b--\r\n");
}

// A file whose part has so many bytes of headers, their last empty line included.
std::string FormOfHeaders(std::size_t bytes) {
  const std::string named = std::string(kDisposition) + "f; filename=a\r\nX: ";
  const std::string padding(bytes - named.size() - std::string_view("\r\n\r\n").size(), 'x');
  return Form(Part(named + padding, "the file") + "--b--\r\n");
}

std::string FormOfBoundary(std::size_t length) {
  const std::string boundary(length, 'q');
  return Form("--" + boundary + "\r\n" + kDisposition + "f; filename=a\r\n\r\nthe file\r\n--" +
                  boundary + "--\r\n",
              boundary);
}

// Fields of so many bytes in all, names included, before the file.
std::string FormOfFields(std::size_t bytes) {
  const std::string name = "say";
  return Form(Field(name, std::string(bytes - name.size(), 'x')) + File("the file") + "--b--\r\n");
}

struct Case {
  const char* sentence;
  std::string request;
  int status;
  const char* says;  // a part of the answer's body
};

std::string SentenceOf(const testing::TestParamInfo<Case>& info) { return info.param.sentence; }

class FormLimitsTest : public ServerFixture, public testing::WithParamInterface<Case> {};

TEST_P(FormLimitsTest, IsKeptHoweverTheFormIsCut) {
  Serve();
  for (const std::size_t portion : {SIZE_MAX, std::size_t{1}}) {
    RawClient client = Connect();
    std::string_view rest = GetParam().request;
    while (!rest.empty() && client.Send(rest.substr(0, portion))) {
      rest.remove_prefix(std::min(portion, rest.size()));
    }
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << portion;
    EXPECT_EQ(answer->status, GetParam().status) << answer->body.substr(0, 500);
    EXPECT_THAT(answer->body, HasSubstr(GetParam().says));
    EXPECT_EQ(answer->Field("connection"), GetParam().status == 413 ? "close" : "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Limits, FormLimitsTest,
    testing::Values(Case{"SixteenPartsAreTaken", FormOfParts(16), 200, "the file"},
                    Case{"SeventeenPartsAreTooMany", FormOfParts(17), 413, "too many parts"},
                    Case{"PartHeadersOf16KiBAreTaken", FormOfHeaders(16 * kKiB), 200, "the file"},
                    Case{"PartHeadersOf16KiBAndOneByteAreTooLong", FormOfHeaders(16 * kKiB + 1),
                         413, "a part's headers are too long"},
                    Case{"FieldsOf64KiBAreJudgedAsParams", FormOfFields(64 * kKiB), 422,
                         "the parameters have 65536 bytes together"},
                    Case{"FieldsOf64KiBAndOneByteAreTooLong", FormOfFields(64 * kKiB + 1), 413,
                         "the form's fields are too long"},
                    Case{"ABoundaryOf70BytesIsTaken", FormOfBoundary(70), 200, "the file"},
                    Case{"ABoundaryOf71BytesIsTooLong", FormOfBoundary(71), 400, "boundary"}),
    SentenceOf);

}  // namespace
}  // namespace headrace
