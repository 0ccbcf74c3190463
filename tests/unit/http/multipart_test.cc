#include "http/message/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=xyz";

std::string Raw(const std::string& headers, const std::string& body) {
  return "--xyz\r\n" + headers + "\r\n\r\n" + body + "\r\n";
}

std::string Field(const std::string& name, const std::string& value) {
  return Raw("Content-Disposition: form-data; name=\"" + name + "\"", value);
}

struct Part : FormPart {
  std::string bytes;
};

struct Form final : FormSink {
  Status OnPart(FormPart part) override {
    parts.push_back({std::move(part), ""});
    return Ok();
  }
  Status OnPartBytes(std::string_view bytes) override {
    parts.back().bytes += bytes;
    return Ok();
  }
  std::vector<Part> parts;
};

// Reads a form in portions of that many bytes.
Status Read(const std::string& type, std::string_view body, Form& form,
            std::size_t portion = SIZE_MAX) {
  const auto boundary = FormBoundary(type);
  if (!boundary) return boundary.error();
  FormReader reader(*boundary, form);
  while (!body.empty()) {
    if (auto fed = reader.Feed(body.substr(0, portion)); !fed) return fed;
    body.remove_prefix(std::min(portion, body.size()));
  }
  return reader.Finish();
}

ErrorCode FailureOf(const std::string& type, const std::string& body) {
  Form form;
  const auto read = Read(type, body, form);
  EXPECT_FALSE(read.ok()) << body;
  return read.ok() ? ErrorCode::kInternal : read.error().code;
}

TEST(Multipart, FindsFieldsAndTheFileInAnyPortions) {
  const std::string file("\r\n%PDF\r\n--xy\0\r\r\n--\r", 20);
  const std::string body =
      Field("dpi", "200") +
      Raw("content-type: Application/PDF ;a=b\r\ncontent-disposition: form-data; name=file; "
          "filename=\"../../etc/pass\\\"wd\"",
          file) +
      Field("empty", "") + "--xyz--\r\n";
  for (std::size_t portion = 1; portion <= body.size(); ++portion) {
    Form form;
    ASSERT_TRUE(Read(kType, body, form, portion).ok()) << portion;
    ASSERT_EQ(form.parts.size(), 3U);
    EXPECT_EQ(form.parts[0].name, "dpi");
    EXPECT_FALSE(form.parts[0].is_file);
    EXPECT_EQ(form.parts[0].bytes, "200");
    EXPECT_EQ(form.parts[0].media_type, "");
    EXPECT_EQ(form.parts[1].name, "file");
    EXPECT_TRUE(form.parts[1].is_file);
    EXPECT_EQ(form.parts[1].media_type, "application/pdf");
    EXPECT_EQ(form.parts[1].bytes, file) << portion;
    EXPECT_EQ(form.parts[2].media_type, "");
    EXPECT_EQ(form.parts[2].bytes, "");
  }
}

TEST(Multipart, TakesAQuotedBoundaryAPreambleAndAPartWithoutALineOfItsOwn) {
  const std::string body =
      "preamble\r\n--xyz \t\r\nContent-Disposition: form-data; name=a\r\n\r\n--xyz--";
  Form form;
  ASSERT_TRUE(Read("Multipart/Form-Data; a=b; Boundary=\"xyz\"", body, form).ok());
  ASSERT_EQ(form.parts.size(), 1U);
  EXPECT_EQ(form.parts[0].bytes, "");
}

TEST(Multipart, TakesAFormWithoutParts) {
  Form form;
  ASSERT_TRUE(Read(kType, "--xyz--\r\nepilogue", form).ok());
  EXPECT_TRUE(form.parts.empty());
}

TEST(Multipart, RefusesMalformedForms) {
  EXPECT_EQ(FailureOf("multipart/form-data", Field("a", "b")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf("multipart/form-data; boundary=\"\"", ""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf("multipart/form-data; boundary=" + std::string(71, 'a'), ""),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, ""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, "nothing"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, Field("a", "b")), ErrorCode::kInvalidArgument);  // no end
  EXPECT_EQ(FailureOf(kType, "--xyz\r\nContent-Disposition: form-data; name=a"),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, Raw("X: y", "b") + "--xyz--"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, Raw("Content-Type: a/b\r\nContent-Type: c/d\r\n"
                                 "Content-Disposition: form-data; name=a",
                                 "b") +
                                 "--xyz--"),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, Field("", "b") + "--xyz--"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, "--xyz\r\n\r\nb\r\n--xyz--"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOf(kType, "--xyzz\r\n\r\nb\r\n--xyz--"), ErrorCode::kInvalidArgument);
}

TEST(Multipart, RefusesMoreThanSixteenParts) {
  std::string body;
  for (int i = 0; i < 17; ++i) body += Field("a" + std::to_string(i), "b");
  EXPECT_EQ(FailureOf(kType, body + "--xyz--"), ErrorCode::kPayloadTooLarge);
}

TEST(Multipart, RefusesLongPartHeaders) {
  const std::string body = "--xyz\r\nX: " + std::string(17 << 10, 'a') + "\r\n\r\nb\r\n--xyz--";
  EXPECT_EQ(FailureOf(kType, body), ErrorCode::kPayloadTooLarge);
}

TEST(Multipart, IsRecognizedByItsType) {
  EXPECT_TRUE(IsMultipartForm("multipart/FORM-data; boundary=a"));
  EXPECT_FALSE(IsMultipartForm("multipart/mixed"));
  EXPECT_FALSE(IsMultipartForm(""));
}

}  // namespace
}  // namespace headrace
