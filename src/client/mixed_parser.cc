#include "client/mixed_parser.h"

#include <algorithm>

#include "base/words.h"
#include "client/exit_codes.h"

namespace headrace {
namespace {

constexpr std::size_t kMostHead = std::size_t{16} << 10;  // bytes of a part's head
constexpr std::size_t kMostBoundary = 70;                 // RFC 2046, 5.1.1

Error Malformed(const char* what) {
  return Broken("broken-answer", std::string("the service's answer is broken: ") + what);
}

bool SameLetters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A quoted string's text, and what follows it.
std::string Unquote(std::string_view& rest) {
  std::string text;
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    text += rest.front();
    rest.remove_prefix(1);
  }
  if (!rest.empty()) rest.remove_prefix(1);
  return text;
}

// The value of `; name=value` or `; name="value"` in a field.
std::optional<std::string> Parameter(std::string_view field, std::string_view name) {
  auto semicolon = field.find(';');
  while (semicolon != std::string_view::npos) {
    field.remove_prefix(semicolon + 1);
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = Trimmed(field.substr(0, equals));
    field.remove_prefix(equals + 1);
    field.remove_prefix(std::min(field.find_first_not_of(" \t"), field.size()));
    const bool quoted = field.starts_with('"');
    std::string value =
        quoted ? Unquote(field) : std::string(Trimmed(field.substr(0, field.find(';'))));
    if (SameLetters(key, name)) return value;
    semicolon = field.find(';');
  }
  return std::nullopt;
}

// A field of a part's head, whose lines all end with CR LF; empty if there is none.
std::string_view HeadField(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !SameLetters(line.substr(0, colon), name)) continue;
    return Trimmed(line.substr(colon + 1));
  }
  return {};
}

}  // namespace

std::optional<std::string> BoundaryOf(std::string_view content_type) {
  auto boundary = Parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMostBoundary) return std::nullopt;
  return boundary;
}

std::string FileNameOf(std::string_view content_disposition) {
  return Parameter(content_disposition, "filename").value_or("");
}

Status MixedParser::Feed(std::string_view bytes) {
  if (state_ == State::kEnd) return Ok();  // an epilogue
  pending_ += bytes;
  for (bool moved = true; moved && state_ != State::kEnd;) {
    moved = false;
    if (auto status = Step(moved); !status) return status;
  }
  return Ok();
}

Status MixedParser::Finish() {
  if (state_ == State::kEnd) return Ok();
  return Malformed("it ends within the result");
}

Status MixedParser::Step(bool& moved) {
  switch (state_) {
    case State::kPreamble:
    case State::kBody:
      return InBody(moved);
    case State::kDelimiter:
      return AfterDelimiter(moved);
    case State::kHead:
      return InHead(moved);
    case State::kEnd:
      break;
  }
  return Ok();
}

// Up to the delimiter; of bytes that may be its start, the rest is awaited.
Status MixedParser::InBody(bool& moved) {
  const auto found = pending_.find(delimiter_);
  if (found == std::string::npos) {
    const std::size_t kept = std::min(pending_.size(), delimiter_.size() - 1);
    return Take(pending_.size() - kept);
  }
  if (auto taken = Take(found); !taken) return taken;
  pending_.erase(0, delimiter_.size());
  moved = true;
  if (state_ == State::kBody) {
    if (auto ended = EndPart(); !ended) return ended;
  }
  state_ = State::kDelimiter;
  return Ok();
}

Status MixedParser::AfterDelimiter(bool& moved) {
  if (pending_.size() < 2) return Ok();
  if (pending_.starts_with("--")) {
    moved = true;
    state_ = State::kEnd;
    pending_.clear();
    return Ok();
  }
  // Left in place until more is there: a `--` behind them would not be the end.
  const std::size_t blanks = std::min(pending_.find_first_not_of(" \t"), pending_.size());
  if (blanks > kMostHead) return Malformed("a boundary's line is too long");
  if (pending_.size() - blanks < 2) return Ok();
  pending_.erase(0, blanks);
  if (!pending_.starts_with("\r\n")) return Malformed("text stands behind a boundary");
  moved = true;
  state_ = State::kHead;  // with the line's end: a head may be empty
  return Ok();
}

Status MixedParser::InHead(bool& moved) {
  const auto end = pending_.find("\r\n\r\n");
  if (std::min(end, pending_.size()) > kMostHead) return Malformed("a part's head is too long");
  if (end == std::string::npos) return Ok();
  const std::string_view head = end == 0 ? "" : std::string_view(pending_).substr(2, end - 2);
  const std::string_view length = HeadField(head, "Content-Length");
  length_ = ParseNumberAll<std::uint64_t>(length);
  taken_ = 0;
  const std::string name = FileNameOf(HeadField(head, "Content-Disposition"));
  pending_.erase(0, end + 4);
  state_ = State::kBody;
  moved = true;
  return taker_.BeginPart(name);
}

Status MixedParser::Take(std::size_t bytes) {
  if (bytes == 0) return Ok();
  Status status = Ok();
  if (state_ == State::kBody) {
    taken_ += bytes;
    status = taker_.WritePart(std::string_view(pending_).substr(0, bytes));
  }
  pending_.erase(0, bytes);
  return status;
}

Status MixedParser::EndPart() {
  if (length_ && *length_ != taken_) return Malformed("a part is not as long as it says");
  return taker_.EndPart();
}

}  // namespace headrace
