#include "net/header_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/line_file.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 10U;

// Framing and connection are the client's.
constexpr std::array<std::string_view, 12> kFraming{
    "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type",    "expect",     "keep-alive",       "te",
    "trailer",         "upgrade",    "proxy-connection", "transfer-encoding"};

bool Has(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsValue(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The field in canonical form, or what is wrong with the line.
struct Line {
  std::string field;
  const char* problem = nullptr;
};

Line ReadLine(std::string_view text, std::span<const std::string_view> ours) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {{}, "is not 'Name: value'"};
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = Trim(text.substr(colon + 1));
  if (!IsName(name) || !IsValue(value)) return {{}, "is not 'Name: value'"};
  if (const std::string lower = Lower(name); Has(kFraming, lower) || Has(ours, lower)) {
    return {{}, "sets a field that headrace sets itself"};
  }
  return {fmt::format("{}: {}", name, value), nullptr};
}

Error Bad(const std::string& file, std::string_view what) {
  return {ErrorCode::kInternal, "header-file", fmt::format("'{}' {}", file, what), "", 0};
}

}  // namespace

Expected<std::vector<std::string>> ReadHeaderFile(const std::string& file,
                                                  std::span<const std::string_view> ours) {
  std::vector<std::string> fields;
  if (file.empty()) return fields;
  const auto read = ReadLines(file, kMaxFile);
  if (!read) return Bad(file, read.error().hint);
  for (const LineFile::Line& text : read->lines) {
    Line line = ReadLine(text.text, ours);
    if (line.problem != nullptr) {
      return Bad(file, fmt::format("line {} {}", text.number, line.problem));
    }
    fields.push_back(std::move(line.field));
  }
  return fields;
}

}  // namespace headrace
