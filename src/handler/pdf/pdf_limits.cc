#include "handler/pdf/pdf_limits.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/words.h"

namespace headrace {
namespace {

constexpr std::string_view kMaxPages = "--max-pages=";
constexpr std::string_view kMaxPagePixels = "--max-page-pixels=";

// The number behind `name`; nothing if the argument is another one, or no number of 1 to `most`.
std::optional<std::uint64_t> Value(std::string_view argument, std::string_view name,
                                   std::uint64_t most) {
  if (!argument.starts_with(name)) return std::nullopt;
  argument.remove_prefix(name.size());
  const auto value = ParseNumberAll<std::uint64_t>(argument);
  return value && *value >= 1 && *value <= most ? value : std::nullopt;
}

}  // namespace

std::vector<std::string> PdfArguments(const PdfLimits& limits) {
  return {fmt::format("{}{}", kMaxPages, limits.max_pages),
          fmt::format("{}{}", kMaxPagePixels, limits.max_page_pixels)};
}

Expected<PdfLimits> ParsePdfArguments(std::span<char* const> arguments) {
  PdfLimits limits;
  for (const std::string_view argument : arguments) {
    if (const auto pages = Value(argument, kMaxPages, kMostPages)) {
      limits.max_pages = *pages;
    } else if (const auto pixels = Value(argument, kMaxPagePixels, kMostPagePixels)) {
      limits.max_page_pixels = *pixels;
    } else {
      return Error{ErrorCode::kInvalidArgument, "argument",
                   fmt::format("the argument '{}' is not one of {}1..{}, {}1..{}", argument,
                               kMaxPages, kMostPages, kMaxPagePixels, kMostPagePixels),
                   "", 0};
    }
  }
  return limits;
}

}  // namespace headrace
