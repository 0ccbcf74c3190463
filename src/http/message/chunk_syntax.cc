#include "http/message/chunk_syntax.h"

#include <algorithm>

#include "http/message/chars.h"

namespace headrace {
namespace {

void CutSpace(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

bool Cut(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

bool CutToken(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), IsTokenChar);
  if (end == rest.begin()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.begin()));
  return true;
}

// What follows an opening quote, with the closing one.
bool CutQuoted(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      const bool text = IsFieldText(rest.substr(0, i));
      rest.remove_prefix(i + 1);
      return text;
    }
  }
  return false;
}

bool CutValue(std::string_view& rest) { return Cut(rest, '"') ? CutQuoted(rest) : CutToken(rest); }

}  // namespace

bool IsChunkExtension(std::string_view text) {
  while (!text.empty()) {
    CutSpace(text);
    if (!Cut(text, ';')) return false;
    CutSpace(text);
    if (!CutToken(text)) return false;
    const std::string_view behind_name = text;
    CutSpace(text);
    if (!Cut(text, '=')) {
      text = behind_name;
      continue;
    }
    CutSpace(text);
    if (!CutValue(text)) return false;
  }
  return true;
}

bool IsTrailerField(std::string_view line) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos && IsToken(line.substr(0, colon)) &&
         IsFieldText(line.substr(colon + 1));
}

}  // namespace headrace
