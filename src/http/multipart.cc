#include "http/multipart.h"

#include <optional>
#include <utility>

#include "http/chars.h"

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

class FormReader {
 public:
  FormReader(std::string_view body, const std::string& boundary)
      : body_(body), delimiter_("\r\n--" + boundary) {}

  Expected<std::vector<FormPart>> Read() {
    if (!FindFirst()) return Malformed("the form's boundary does not occur in the body");
    std::vector<FormPart> parts;
    for (;;) {
      if (body_.substr(at_, 2) == "--") return parts;
      if (parts.size() == kMaxParts) return TooMuch("the form has too many parts");
      auto part = ReadPart();
      if (!part) return std::move(part).error();
      parts.push_back(*std::move(part));
    }
  }

 private:
  // Sets at_ behind the first delimiter; whatever comes before it is ignored.
  bool FindFirst() {
    const std::string_view dashes = std::string_view(delimiter_).substr(2);
    if (body_.substr(0, dashes.size()) == dashes) {
      at_ = dashes.size();
      return true;
    }
    const auto found = body_.find(delimiter_);
    if (found == std::string_view::npos) return false;
    at_ = found + delimiter_.size();
    return true;
  }

  Expected<FormPart> ReadPart() {
    while (at_ < body_.size() && (body_[at_] == ' ' || body_[at_] == '\t')) ++at_;
    if (body_.substr(at_, 2) != "\r\n") return Malformed("a boundary of the form is malformed");
    // The CR LF that ends the boundary's line may also be the start of an empty header section.
    const std::string_view window = body_.substr(at_, kMaxPartHeaders + 4);
    const auto end = window.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      return window.size() > kMaxPartHeaders ? TooMuch("a part's headers are too long")
                                             : Malformed("a part of the form has no end");
    }
    FormPart part;
    const std::string_view headers = end == 0 ? "" : window.substr(2, end - 2);
    if (!ReadHeaders(headers, part)) return Malformed("a part of the form has no name");
    part.offset = at_ + end + 4;
    const auto stop = body_.find(delimiter_, part.offset - 2);
    if (stop == std::string_view::npos) return Malformed("a part of the form has no end");
    part.length = stop < part.offset ? 0 : stop - part.offset;
    at_ = stop + delimiter_.size();
    return part;
  }

  static bool ReadHeaders(std::string_view headers, FormPart& part) {
    constexpr std::string_view kDisposition = "content-disposition:";
    bool named = false;
    while (!headers.empty()) {
      const auto end = headers.find("\r\n");
      std::string_view line = headers.substr(0, end);
      headers = end == std::string_view::npos ? "" : headers.substr(end + 2);
      if (!StartsWithIgnoreCase(line, kDisposition)) continue;
      line.remove_prefix(kDisposition.size());
      if (!EqualsIgnoreCase(NextItem(line, ';'), "form-data")) return false;
      auto name = Parameter(line, "name");
      if (!name || named) return false;
      part.name = std::move(*name);
      part.is_file = Parameter(line, "filename") || Parameter(line, "filename*");
      named = true;
    }
    return named;
  }

  std::string_view body_;
  std::string delimiter_;
  std::size_t at_ = 0;
};

}  // namespace

bool IsMultipartForm(std::string_view content_type) {
  return EqualsIgnoreCase(NextItem(content_type, ';'), "multipart/form-data");
}

Expected<std::vector<FormPart>> ParseMultipart(std::string_view content_type,
                                               std::string_view body) {
  NextItem(content_type, ';');
  const auto boundary = Parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary ||
      !IsFieldText(*boundary) || boundary->back() == ' ') {
    return Malformed("the form's boundary is missing or malformed");
  }
  return FormReader(body, *boundary).Read();
}

}  // namespace headrace
