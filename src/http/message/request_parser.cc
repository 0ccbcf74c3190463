#include "http/message/request_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/words.h"
#include "http/message/chars.h"
#include "http/message/host.h"

namespace headrace {
namespace {

// Enough for the empty line that some old clients send after a body (RFC 9112, 2.2).
constexpr std::size_t kMaxBlankLines = 4;

bool IsTargetText(std::string_view target) {
  return std::all_of(target.begin(), target.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

// Of "http://" or "https://" before a target in absolute form; 0 for any other.
std::size_t SchemeLength(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (StartsWithIgnoreCase(target, scheme)) return scheme.size();
  }
  return 0;
}

}  // namespace

std::string_view RequestHead::Find(std::string_view name) const {
  for (const auto& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return {};
}

std::string RequestHead::List(std::string_view name) const {
  std::string list;
  for (const auto& field : fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

bool RequestHead::Lists(std::string_view name, std::string_view token) const {
  return std::any_of(fields.begin(), fields.end(), [&](const HeaderField& field) {
    return EqualsIgnoreCase(field.name, name) && ListHas(field.value, token);
  });
}

void RequestParser::Reset() {
  // What an idle connection may keep.
  constexpr std::size_t kKeptBytes = 4096;
  constexpr std::size_t kKeptFields = 64;
  text_.clear();
  if (text_.capacity() > kKeptBytes) FreeMemory(text_);
  line_start_ = first_line_end_ = blank_lines_ = 0;
  state_ = State::kMore;
  std::vector<HeaderField> fields = std::move(head_.fields);
  fields.clear();
  head_ = RequestHead{};
  if (fields.capacity() <= kKeptFields) head_.fields = std::move(fields);
}

void RequestParser::Fail(ErrorCode code, const char* type, std::string hint) {
  state_ = State::kFailed;
  error_ = Error{code, type, std::move(hint), "", 0};
}

std::size_t RequestParser::Feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::kMore && taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    const auto newline = rest.find('\n');
    const std::size_t portion = newline == std::string_view::npos ? rest.size() : newline + 1;
    text_.append(rest.substr(0, portion));
    taken += portion;
    if (!WithinLimits()) break;
    if (newline != std::string_view::npos) EndLine();
  }
  return taken;
}

bool RequestParser::WithinLimits() {
  if (first_line_end_ == 0 && text_.size() - line_start_ > limits_.request_line) {
    Fail(ErrorCode::kUriTooLong, "uri-too-long", "the request line is too long");
    return false;
  }
  if (text_.size() > limits_.head_bytes) {
    Fail(ErrorCode::kHeadersTooLarge, "headers-too-large", "the header fields are too long");
    return false;
  }
  return true;
}

void RequestParser::EndLine() {
  const std::size_t length = text_.size() - line_start_;
  if (length < 2 || text_[text_.size() - 2] != '\r') {
    Bad("a line of the head does not end in CR LF");
    return;
  }
  const bool blank = length == 2;
  if (blank && first_line_end_ == 0) {
    if (++blank_lines_ > kMaxBlankLines) Bad("there are empty lines before the request");
    text_.clear();
    return;
  }
  if (blank) {
    Parse();
    return;
  }
  line_start_ = text_.size();
  if (first_line_end_ == 0) first_line_end_ = text_.size();
}

void RequestParser::Parse() {
  const std::string_view text = text_;
  if (!ParseRequestLine(text.substr(0, first_line_end_ - 2))) return;
  std::size_t at = first_line_end_;
  while (at < line_start_) {
    const std::size_t end = text.find('\n', at);
    if (!ParseField(text.substr(at, end - 1 - at))) return;
    at = end + 1;
  }
  if (!ParseFraming() || !ParseHost()) return;
  state_ = State::kDone;
}

bool RequestParser::ParseRequestLine(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    Bad("the request line is not 'method target version'");
    return false;
  }
  head_.method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(head_.method)) {
    Bad("the method is not a token");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    Bad("the version is neither HTTP/1.1 nor HTTP/1.0");
    return false;
  }
  head_.http11 = version == "HTTP/1.1";
  return ParseTarget(line.substr(first + 1, last - first - 1));
}

bool RequestParser::ParseTarget(std::string_view target) {
  if (!IsTargetText(target)) {
    Bad("the request target has a character that must be percent-encoded");
    return false;
  }
  if (const std::size_t scheme = SchemeLength(target); scheme != 0) {
    target.remove_prefix(scheme);
    const std::string_view host = target.substr(0, target.find_first_of("/?"));
    if (!IsHost(host)) {
      Bad("the host in the request target is malformed");
      return false;
    }
    target.remove_prefix(host.size());
  } else if (target == "*" && head_.method == "OPTIONS") {
    head_.path = target;
    return true;
  } else if (target.empty() || target.front() != '/') {
    Bad("the request target is not a path");
    return false;
  }
  const auto question = target.find('?');
  head_.path = question == 0 || target.empty() ? "/" : target.substr(0, question);
  if (question != std::string_view::npos) head_.query = target.substr(question + 1);
  return true;
}

bool RequestParser::ParseField(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    Bad("a header field is folded over lines");
    return false;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    Bad("a header field's name is malformed");
    return false;
  }
  const std::string_view value = TrimSpace(line.substr(colon + 1));
  if (!IsFieldText(value)) {
    Bad("a header field's value has a control character");
    return false;
  }
  if (head_.fields.size() >= limits_.fields) {
    Fail(ErrorCode::kHeadersTooLarge, "headers-too-large", "there are too many header fields");
    return false;
  }
  head_.fields.push_back({line.substr(0, colon), value});
  return true;
}

std::size_t RequestParser::Count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(head_.fields.begin(), head_.fields.end(),
                    [&](const HeaderField& f) { return EqualsIgnoreCase(f.name, name); }));
}

bool RequestParser::ParseFraming() {
  head_.keep_alive = !head_.Lists("Connection", "close") &&
                     (head_.http11 || head_.Lists("Connection", "keep-alive"));
  if (!ParseExpect()) return false;
  if (!ParseContentLength()) return false;
  const std::size_t encodings = Count("Transfer-Encoding");
  if (encodings == 0) return true;
  if (head_.content_length) {
    Bad("Content-Length and Transfer-Encoding exclude each other");
    return false;
  }
  if (encodings > 1 || !head_.http11 ||
      !EqualsIgnoreCase(head_.Find("Transfer-Encoding"), "chunked")) {
    Bad("the only Transfer-Encoding understood is a single 'chunked' in HTTP/1.1");
    return false;
  }
  head_.chunked = true;
  return true;
}

// RFC 9110, 10.1.1: an HTTP/1.0 client cannot mean it.
bool RequestParser::ParseExpect() {
  const std::string_view expect = head_.Find("Expect");
  if (expect.empty() || !head_.http11) return true;
  head_.expect_continue = EqualsIgnoreCase(expect, "100-continue") && Count("Expect") == 1;
  if (head_.expect_continue) return true;
  Fail(ErrorCode::kExpectationFailed, "expectation-failed",
       "the only expectation understood is 100-continue");
  return false;
}

bool RequestParser::ParseContentLength() {
  const std::size_t count = Count("Content-Length");
  if (count == 0) return true;
  const std::string_view text = head_.Find("Content-Length");
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), length);
  if (count > 1 || !digits || parsed.ec != std::errc{}) {
    Bad("Content-Length is not one number");
    return false;
  }
  head_.content_length = length;
  return true;
}

bool RequestParser::ParseHost() {
  const std::size_t count = Count("Host");
  if (count > 1 || (count == 0 && head_.http11)) {
    Bad("there must be one Host field");
    return false;
  }
  // An empty one is that of a target without a host (RFC 9112, 3.2).
  const std::string_view host = head_.Find("Host");
  if (!host.empty() && !IsHost(host)) {
    Bad("the Host field is not host or host:port");
    return false;
  }
  return true;
}

}  // namespace headrace
