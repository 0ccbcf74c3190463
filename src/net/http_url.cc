#include "net/http_url.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "net/address_guard.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxUrl = 2048;

struct UrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlCleanup>;

Error Bad(const char* what) { return {ErrorCode::kInvalidArgument, "bad-url", what, "", 0}; }

std::string Part(const Url& url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// The URL, if a request can be sent to it. libcurl parses it here as it will for the request: what
// was checked is what is used.
Expected<Url> Checked(std::string_view text) {
  if (text.size() > kMaxUrl) return Bad("is longer than 2048 characters");
  if (!IsPlain(text)) return Bad("has characters that must be percent-encoded");
  if (text.find('#') != std::string_view::npos) {
    return Bad("has a fragment (#), which is never sent");
  }
  Url url(curl_url());
  const std::string whole(text);
  constexpr unsigned int kFlags = CURLU_DISALLOW_USER;
  const CURLUcode parsed = curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), kFlags);
  if (parsed == CURLUE_USER_NOT_ALLOWED) return Bad("has a user or a password");
  if (parsed != CURLUE_OK) return Bad("is no absolute URL");
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return Bad("is neither http nor https");
  if (Part(url, CURLUPART_PORT) == "0") return Bad("has port 0");
  return url;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Of an IPv6 address libcurl has seen to it that it is one.
bool IsHost(std::string_view host) {
  constexpr std::string_view kMarks = ".-_";
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// As resolvers have it, such a host is an address; what is none in its usual form by now is a way
// to hide one.
bool EndsInNumber(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  const bool hexadecimal = last.starts_with("0x");
  if (hexadecimal) last.remove_prefix(2);
  const char* const digits = hexadecimal ? "0123456789abcdef" : "0123456789";
  return (hexadecimal || !last.empty()) && last.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace

Status CheckHttpUrl(std::string_view text) {
  const auto url = Checked(text);
  return url ? Ok() : Status(url.error());
}

Expected<HttpUrl> ParseHttpUrl(std::string_view text) {
  const auto url = Checked(text);
  if (!url) return url.error();
  HttpUrl parts;
  parts.scheme = Part(*url, CURLUPART_SCHEME);
  parts.host = Part(*url, CURLUPART_HOST);
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(), Lower);
  const std::string port = Part(*url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), parts.port);
  if (!Part(*url, CURLUPART_ZONEID).empty()) return Bad("has an address with a zone");
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (!IsHost(parts.host)) {
    return Bad("has a host with characters that no name has; write it in ASCII (Punycode)");
  } else if (EndsInNumber(parts.host) && !CanonicalAddress(parts.host)) {
    return Bad("has a host that is neither a name nor an IP address");
  }
  return parts;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4U]);
    encoded.push_back(kDigits[byte & 15U]);
  }
  return encoded;
}

std::string WithQuery(std::string url, const Params& params) {
  for (const auto& [name, value] : params) {
    const auto question = url.find('?');
    if (question == std::string::npos) {
      url += '?';
    } else if (question + 1 != url.size() && url.back() != '&') {
      url += '&';
    }
    url += PercentEncode(name);
    url += '=';
    url += PercentEncode(value);
  }
  return url;
}

}  // namespace headrace
