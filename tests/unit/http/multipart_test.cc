#include "http/multipart.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=xyz";

std::string Part(const std::string& headers, const std::string& body) {
  return "--xyz\r\n" + headers + "\r\n\r\n" + body + "\r\n";
}

std::string Field(const std::string& name, const std::string& value) {
  return Part("Content-Disposition: form-data; name=\"" + name + "\"", value);
}

ErrorCode FailureOf(const std::string& type, const std::string& body) {
  const auto parts = ParseMultipart(type, body);
  EXPECT_FALSE(parts.ok()) << body;
  return parts.ok() ? ErrorCode::kInternal : parts.error().code;
}

TEST(Multipart, FindsFieldsAndTheFileWhereTheyLie) {
  const std::string file("%PDF\r\n--xy\0\r\n", 13);
  const std::string body =
      Field("dpi", "200") +
      Part(
          "content-type: application/pdf\r\ncontent-disposition: form-data; name=file; "
          "filename=\"../../etc/pass\\\"wd\"",
          file) +
      "--xyz--\r\n";
  const auto parts = ParseMultipart(kType, body);
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "dpi");
  EXPECT_FALSE((*parts)[0].is_file);
  EXPECT_EQ(body.substr((*parts)[0].offset, (*parts)[0].length), "200");
  EXPECT_EQ((*parts)[1].name, "file");
  EXPECT_TRUE((*parts)[1].is_file);
  EXPECT_EQ(body.substr((*parts)[1].offset, (*parts)[1].length), file);
}

TEST(Multipart, TakesAQuotedBoundaryAPreambleAndEmptyParts) {
  const std::string body = "preamble\r\n" + Field("a", "") + "--xyz--";
  const auto parts = ParseMultipart("Multipart/Form-Data; a=b; Boundary=\"xyz\"", body);
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 1U);
  EXPECT_EQ((*parts)[0].length, 0U);
}

TEST(Multipart, TakesAFormWithoutParts) {
  const auto parts = ParseMultipart(kType, "--xyz--\r\n");
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->empty());
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
  EXPECT_EQ(FailureOf(kType, Part("X: y", "b") + "--xyz--"), ErrorCode::kInvalidArgument);
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
