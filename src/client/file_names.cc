#include "client/file_names.h"

#include <algorithm>
#include <cstddef>

#include "base/printable.h"

namespace headrace {
namespace {

constexpr std::size_t kMostName = 200;      // bytes; file systems take 255
constexpr std::size_t kMostExtension = 16;  // bytes that are kept of a name that is too long

// Where ".png" begins; the name's end if there is no such thing.
std::size_t ExtensionAt(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kMostExtension) {
    return name.size();
  }
  return dot;
}

// No more bytes than that, and whole characters.
std::string_view Shortened(std::string_view text, std::size_t most) {
  std::size_t size = 0;
  while (size < text.size()) {
    const std::size_t length = std::max<std::size_t>(FirstCharacter(text.substr(size)).length, 1);
    if (size + length > most) break;
    size += length;
  }
  return text.substr(0, size);
}

}  // namespace

std::string SafeFileName(std::string_view name) {
  std::string safe;
  while (!name.empty() && safe.size() <= 2 * kMostName) {
    const Character first = FirstCharacter(name);
    const bool good =
        first.length > 0 && first.shown && name.front() != '/' && name.front() != '\\';
    const std::size_t length = std::max<std::size_t>(first.length, 1);
    good ? safe.append(name.substr(0, length)) : safe.append("_");
    name.remove_prefix(length);
  }
  if (safe.empty()) return "part";
  for (std::size_t i = 0; i < safe.size() && safe[i] == '.'; ++i) safe[i] = '_';
  if (safe.front() == '-') safe.front() = '_';
  if (safe.size() <= kMostName) return safe;
  const std::string extension = safe.substr(ExtensionAt(safe));
  return std::string(Shortened(safe, kMostName - extension.size())) + extension;
}

std::string UniqueNames::Take(const std::string& name) {
  const std::size_t dot = ExtensionAt(name);
  std::string unique = name;
  for (int number = 2; !taken_.insert(unique).second; ++number) {
    unique = name.substr(0, dot) + "-" + std::to_string(number) + name.substr(dot);
  }
  return unique;
}

}  // namespace headrace
