#include "http/message/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/message/chars.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxParts = 16;
constexpr std::size_t kMaxPartHeaders = std::size_t{16} << 10;
constexpr std::size_t kMaxBoundary = 70;

Error Malformed(const char* hint) {
  return Error{ErrorCode::kInvalidArgument, "malformed-form", hint, "", 0};
}

Error TooMuch(const char* hint) {
  return Error{ErrorCode::kPayloadTooLarge, "form-too-large", hint, "", 0};
}

// The value of `name` among "; a=b; c="d"" parameters, unquoted.
std::optional<std::string> Parameter(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    const std::string_view item = NextItem(parameters, ';');
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    if (!EqualsIgnoreCase(TrimSpace(item.substr(0, equals)), name)) continue;
    std::string_view value = TrimSpace(item.substr(equals + 1));
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
    value = value.substr(1, value.size() - 2);
    std::string unquoted;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      unquoted.push_back(value[i]);
    }
    return unquoted;
  }
  return std::nullopt;
}

// The value of the part's only header field of that name ("name:"); empty where it is missing,
// nothing where it is there twice, for then two readers could take two different ones.
std::optional<std::string_view> OnlyField(std::string_view headers, std::string_view name) {
  std::optional<std::string_view> value;
  while (!headers.empty()) {
    const std::string_view line = headers.substr(0, headers.find("\r\n"));
    headers.remove_prefix(std::min(line.size() + 2, headers.size()));
    if (!StartsWithIgnoreCase(line, name)) continue;
    if (value) return std::nullopt;
    value = line.substr(name.size());
  }
  return value.value_or(std::string_view());
}

Expected<FormPart> ReadPart(std::string_view headers) {
  auto disposition = OnlyField(headers, "content-disposition:");
  auto type = OnlyField(headers, "content-type:");
  if (!disposition || !type) return Malformed("a part of the form has a header field twice");
  const bool form_data = EqualsIgnoreCase(NextItem(*disposition, ';'), "form-data");
  auto name = Parameter(*disposition, "name");
  if (!form_data || !name || name->empty()) return Malformed("a part of the form has no name");
  const bool is_file = Parameter(*disposition, "filename") || Parameter(*disposition, "filename*");
  return FormPart{*std::move(name), is_file, ToLower(NextItem(*type, ';'))};
}

}  // namespace

FormReader::FormReader(const std::string& boundary, FormSink& sink)
    : delimiter_("\r\n--" + boundary), sink_(sink) {}

Status FormReader::Feed(std::string_view bytes) {
  Status fed = Ok();
  while (!bytes.empty() && fed) {
    switch (state_) {
      case State::kPreamble:
      case State::kBytes:
        fed = FeedBytes(bytes);
        break;
      case State::kDelimiterEnd:
        fed = FeedDelimiterEnd(bytes);
        break;
      case State::kHeaders:
        fed = FeedHeaders(bytes);
        break;
      case State::kEpilogue:  // RFC 2046, 5.1.1: to be ignored
        return Ok();
    }
  }
  return fed;
}

// Passes bytes on up to a possible delimiter, or goes on with one.
Status FormReader::FeedBytes(std::string_view& bytes) {
  if (matched_ == 0) return FindDelimiter(bytes);
  const std::string_view wanted = std::string_view(delimiter_).substr(matched_);
  const std::string_view seen = bytes.substr(0, wanted.size());
  const auto differ = std::mismatch(seen.begin(), seen.end(), wanted.begin()).first;
  const auto same = static_cast<std::size_t>(differ - seen.begin());
  matched_ += same;
  bytes.remove_prefix(same);
  if (same < seen.size()) return EmitMatched();
  if (same == wanted.size()) EndDelimiter();
  return Ok();
}

// Passes on what cannot be a delimiter: up to the next one, or to what may be the beginning of one
// at the end. A boundary holds no CR, so that can only start at the last.
Status FormReader::FindDelimiter(std::string_view& bytes) {
  const std::string_view all = std::exchange(bytes, {});
  const auto found = all.find(delimiter_);
  if (found != std::string_view::npos) {
    bytes = all.substr(found + delimiter_.size());
    auto emitted = Emit(all.substr(0, found));
    EndDelimiter();
    return emitted;
  }
  const std::string_view rest = all.substr(std::min(all.rfind('\r'), all.size()));
  if (!std::string_view(delimiter_).starts_with(rest)) return Emit(all);
  matched_ = rest.size();
  return Emit(all.substr(0, all.size() - rest.size()));
}

// What looked like a delimiter was the part's own.
Status FormReader::EmitMatched() {
  const std::string_view matched = std::string_view(delimiter_).substr(0, matched_);
  const std::size_t borrowed = std::exchange(borrowed_, 0);
  matched_ = 0;
  return Emit(matched.substr(borrowed));
}

Status FormReader::Emit(std::string_view bytes) {
  if (bytes.empty() || state_ == State::kPreamble) return Ok();
  return sink_.OnPartBytes(bytes);
}

void FormReader::EndDelimiter() {
  matched_ = borrowed_ = 0;
  line_.clear();
  state_ = State::kDelimiterEnd;
}

// "--" ends the form; else a CR LF, after padding, begins a part.
Status FormReader::FeedDelimiterEnd(std::string_view& bytes) {
  const char c = bytes.front();
  bytes.remove_prefix(1);
  line_.push_back(c);
  const std::string_view line = line_;
  if (line == "--") {
    state_ = State::kEpilogue;
    return Ok();
  }
  const std::string_view padding = line.substr(0, line.find_first_not_of(" \t"));
  const std::string_view rest = line.substr(padding.size());
  if (rest == "\r\n") {
    line_.clear();
    state_ = State::kHeaders;
    return Ok();
  }
  const bool on_its_way = rest.empty() || rest == "\r" || line == "-";
  if (!on_its_way || padding.size() > kMaxBoundary) {
    return Malformed("a boundary of the form is malformed");
  }
  return Ok();
}

Status FormReader::FeedHeaders(std::string_view& bytes) {
  const auto newline = bytes.find('\n');
  const std::size_t portion = newline == std::string_view::npos ? bytes.size() : newline + 1;
  line_.append(bytes.substr(0, portion));
  bytes.remove_prefix(portion);
  if (line_.size() > kMaxPartHeaders) return TooMuch("a part's headers are too long");
  const bool ended = line_ == "\r\n" || std::string_view(line_).ends_with("\r\n\r\n");
  return ended ? StartPart() : Ok();
}

Status FormReader::StartPart() {
  if (++parts_ > kMaxParts) return TooMuch("the form has too many parts");
  auto part = ReadPart(line_);
  if (!part) return std::move(part).error();
  state_ = State::kBytes;
  matched_ = borrowed_ = 2;  // an empty part: the delimiter begins with the headers' last line end
  return sink_.OnPart(*std::move(part));
}

Status FormReader::Finish() const {
  if (state_ == State::kEpilogue) return Ok();
  if (state_ == State::kPreamble) {
    return Malformed("the form's boundary does not occur in the body");
  }
  return Malformed("a part of the form has no end");
}

bool IsMultipartForm(std::string_view content_type) {
  return EqualsIgnoreCase(NextItem(content_type, ';'), "multipart/form-data");
}

Expected<std::string> FormBoundary(std::string_view content_type) {
  NextItem(content_type, ';');
  auto boundary = Parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary ||
      !IsFieldText(*boundary) || boundary->back() == ' ') {
    return Malformed("the form's boundary is missing or malformed");
  }
  return *std::move(boundary);
}

}  // namespace headrace
