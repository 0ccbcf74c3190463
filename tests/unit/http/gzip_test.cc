#include "http/message/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace headrace {
namespace {

std::string Unpacked(std::string packed) {
  std::string text(1 << 20, '\0');
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzip) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? text : "";
}

TEST(Gzip, PacksATextThatAnotherLibraryUnpacks) {
  const std::string text(100'000, 'a');
  const std::string packed = Gzip(text);
  EXPECT_LT(packed.size(), 1'000U);
  EXPECT_EQ(Unpacked(packed), text);
}

TEST(Gzip, LeavesATextThatDoesNotGetShorter) { EXPECT_EQ(Gzip("ab"), "ab"); }

TEST(Gzip, IsTakenByThoseWhoSaySo) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZip;q=0.5, br"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_TRUE(AcceptsGzip("br;q=1.0, *;q=0.1"));
}

TEST(Gzip, IsNotForcedOnAnybody) {
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("br"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0.0"));
  EXPECT_FALSE(AcceptsGzip("gzip; q=0"));
}

}  // namespace
}  // namespace headrace
