#include "handler/pdf/pdf_limits.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace headrace {
namespace {

constexpr std::string_view kMaxPages = "--max-pages=";
constexpr std::string_view kMaxPagePixels = "--max-page-pixels=";

// The number behind `name`; nothing if the argument is another one, or no number of 1 to `most`.
std::optional<std::uint64_t> Value(std::string_view argument, std::string_view name,
                                   std::uint64_t most) {
  if (!argument.starts_with(name)) return std::nullopt;
  argument.remove_prefix(name.size());
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(argument.data(), argument.data() + argument.size(), value);
  const bool whole = error == std::errc{} && end == argument.data() + argument.size();
  return whole && value >= 1 && value <= most ? std::optional(value) : std::nullopt;
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
