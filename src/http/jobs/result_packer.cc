#include "http/jobs/result_packer.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/job_id.h"

namespace headrace {
namespace {

// Types that a browser may show: none can run a script, and the CSP sandboxes them anyway.
bool MayBeShown(std::string_view type) {
  return type == "image/png" || type == "image/jpeg" || type == "application/json" ||
         type == "text/plain";
}

// Only what cannot break out of a quoted string or mean a path; part names are validated before,
// this is the last line.
std::string SafeName(std::string_view name) {
  std::string safe;
  for (char c : name.substr(0, 200)) {
    const auto u = static_cast<unsigned char>(c);
    const bool bad = u < 0x20 || u >= 0x7f || c == '"' || c == '\\' || c == '/' || c == '%';
    safe.push_back(bad ? '_' : c);
  }
  return safe.empty() ? "result" : safe;
}

// A handler's media type goes into a header: control characters must not.
std::string SafeType(std::string_view type) {
  for (char c : type) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "application/octet-stream";
  }
  return type.empty() ? "application/octet-stream" : std::string(type);
}

}  // namespace

void AddResultFields(Answer& answer, std::string_view type, std::string_view name) {
  fmt::format_to(std::back_inserter(answer.fields),
                 "Content-Type: {}\r\nContent-Disposition: {}; filename=\"{}\"\r\n"
                 "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n",
                 SafeType(type), MayBeShown(type) ? "inline" : "attachment", SafeName(name));
}

ResultPacker::ResultPacker(Form form, std::string_view queue)
    : form_(form), queue_(queue), boundary_(form == Form::kMixed ? RandomHex(32) : std::string()) {}

std::optional<ResultPacker::Form> ResultPacker::Streamed(const Accept& accept) {
  if (accept.Prefers("application/zip")) return Form::kZip;
  if (accept.Prefers("multipart/mixed")) return Form::kMixed;
  return std::nullopt;
}

void ResultPacker::AddFields(Answer& answer, const ResultPart& first) const {
  switch (form_) {
    case Form::kPart:
      return AddResultFields(answer, first.media_type, first.name);
    case Form::kZip:
      return AddResultFields(answer, "application/zip", queue_ + ".zip");
    case Form::kMixed:
      return AddResultFields(answer, "multipart/mixed; boundary=" + boundary_,
                             queue_ + ".multipart");
  }
}

Expected<AnswerPiece> ResultPacker::Part(ResultPart part) {
  if (form_ == Form::kPart) return AnswerPiece{{}, std::move(part.bytes)};
  if (form_ == Form::kMixed) return MixedPart(std::move(part));
  auto header = zip_.Add({part.name, part.bytes.size(), part.crc32});
  if (!header) return std::move(header).error();
  return AnswerPiece{*std::move(header), std::move(part.bytes)};
}

AnswerPiece ResultPacker::MixedPart(ResultPart part) {
  const std::string_view line_end = std::exchange(line_end_, "\r\n");
  return {fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Disposition: attachment; "
                      "filename=\"{}\"\r\nContent-Length: {}\r\n\r\n",
                      line_end, boundary_, SafeType(part.media_type), SafeName(part.name),
                      part.bytes.size()),
          std::move(part.bytes)};
}

Expected<AnswerPiece> ResultPacker::End() {
  if (form_ == Form::kPart) return AnswerPiece{};
  if (form_ == Form::kMixed) {
    return AnswerPiece{fmt::format("{}--{}--\r\n", line_end_, boundary_), {}};
  }
  auto directory = zip_.Finish();
  if (!directory) return std::move(directory).error();
  return AnswerPiece{*std::move(directory), {}};
}

}  // namespace headrace
