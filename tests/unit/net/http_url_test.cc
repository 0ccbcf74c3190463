#include "net/http_url.h"

#include <gmock/gmock.h>

#include <string>

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Hint(const std::string& url) {
  const auto checked = CheckHttpUrl(url);
  return checked ? "(good)" : checked.error().hint;
}

TEST(HttpUrl, MayHaveAnyHostAPortAPathAndAQuery) {
  for (const char* const good :
       {"http://127.0.0.1:9000/predict", "https://models.example", "http://[::1]:9000/a?b=c&d",
        "http://localhost:1/a%20b", "HTTP://upper.example/"}) {
    EXPECT_EQ(Hint(good), "(good)") << good;
  }
}

TEST(HttpUrl, MustBeAbsoluteAndHttp) {
  for (const char* const bad : {"", "/predict", "127.0.0.1:9000", "http://", "http://:80/",
                                "http://h:70000/", "http://[::1/", "//host/"}) {
    EXPECT_EQ(Hint(bad), "is no absolute URL") << bad;
  }
  EXPECT_EQ(Hint("ftp://host/"), "is neither http nor https");
  EXPECT_EQ(Hint("file:///etc/passwd"), "is neither http nor https");
  EXPECT_EQ(Hint("http://host:0/"), "has port 0");
}

TEST(HttpUrl, HasNoUserNoPasswordAndNoFragmentAndItsHintRepeatsNeither) {
  for (const char* const bad :
       {"http://user@host/", "https://user:tiger@host/", "http://:p@host/"}) {
    EXPECT_EQ(Hint(bad), "has a user or a password") << bad;
  }
  EXPECT_THAT(Hint("http://host/#tiger"), HasSubstr("has a fragment"));
  EXPECT_THAT(Hint("http://host/#tiger"), Not(HasSubstr("tiger")));
}

TEST(HttpUrl, HasNoCharactersThatMustBeEncodedAndAnEnd) {
  for (const char* const bad :
       {"http://host/a b", "http://host/\r\nX: y", "http://h\xC3\xA4/", "http://host/\x7f"}) {
    EXPECT_EQ(Hint(bad), "has characters that must be percent-encoded") << bad;
  }
  EXPECT_EQ(Hint("http://host/" + std::string(2036, 'a')), "(good)");
  EXPECT_EQ(Hint("http://host/" + std::string(2037, 'a')), "is longer than 2048 characters");
}

std::string PartsOf(const std::string& text) {
  const auto url = ParseHttpUrl(text);
  if (!url) return url.error().hint;
  return url->scheme + " " + url->host + " " + std::to_string(url->port);
}

TEST(HttpUrl, HasASchemeAHostInItsUsualFormAndAPort) {
  EXPECT_EQ(PartsOf("https://Hooks.Example.COM/a"), "https hooks.example.com 443");
  EXPECT_EQ(PartsOf("HTTP://a_b-c.example:8080"), "http a_b-c.example 8080");
  EXPECT_EQ(PartsOf("http://0x7f.1/"), "http 127.0.0.1 80");
  EXPECT_EQ(PartsOf("https://[2001:DB8::1]:65535/"), "https 2001:db8::1 65535");
  EXPECT_EQ(PartsOf("ftp://h/"), "is neither http nor https");
}

TEST(HttpUrl, HasNoHostThatIsWrittenInSeveralWaysOrBelongsToOneLink) {
  for (const char* const bad : {"http://%C3%A4.example/", "http://a,b/", "http://a%00b/"}) {
    EXPECT_FALSE(ParseHttpUrl(bad).ok()) << bad;
  }
  EXPECT_EQ(PartsOf("http://%6cocalhost/"), "http localhost 80");
  EXPECT_EQ(PartsOf("http://%31%32%37.0.0.1/"), "http 127.0.0.1 80");
  for (const char* const hidden : {"http://%30x7f.0.0.1/", "http://%3127.1/", "http://1.2.3.4.5/",
                                   "http://a.0x7f/", "http://256.1.1.1/"}) {
    EXPECT_EQ(PartsOf(hidden), "has a host that is neither a name nor an IP address") << hidden;
  }
  EXPECT_EQ(PartsOf("http://10.node.1a/"), "http 10.node.1a 80");
  EXPECT_EQ(PartsOf("http://[fe80::1%25eth0]/"), "has an address with a zone");
}

TEST(HttpUrl, TakesParametersIntoItsQueryEncoded) {
  const Params params{{"a", "1 2"}, {"b&c", "\xC3\xA4=\r\n"}};
  const std::string query = "a=1%202&b%26c=%C3%A4%3D%0D%0A";
  EXPECT_EQ(WithQuery("http://h/p", params), "http://h/p?" + query);
  EXPECT_EQ(WithQuery("http://h/p?", params), "http://h/p?" + query);
  EXPECT_EQ(WithQuery("http://h/p?k=v", params), "http://h/p?k=v&" + query);
  EXPECT_EQ(WithQuery("http://h/p?k=v&", params), "http://h/p?k=v&" + query);
  EXPECT_EQ(WithQuery("http://h/p?k=v", {}), "http://h/p?k=v");
}

TEST(HttpUrl, EncodesEverythingButLettersDigitsAndFourMarks) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode(std::string("\0/?#%+\xff", 7)), "%00%2F%3F%23%25%2B%FF");
}

}  // namespace
}  // namespace headrace
