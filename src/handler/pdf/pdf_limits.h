#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace headrace {

// What one job may ask for; checked before anything is allocated.
struct PdfLimits {
  std::uint64_t max_page_pixels = 600'000'000;  // A0 at 600 dpi has 558 million
  std::uint64_t max_pages = 2000;
  // Pixels that are drawn at once: larger pages are drawn band after band, each of 64 MiB.
  std::uint64_t band_pixels = 16'000'000;
};

// PDFium counts the bytes of a picture in 32 bits.
inline constexpr std::uint64_t kMostPagePixels = 1'000'000'000;
// As many as a result may have parts.
inline constexpr std::uint64_t kMostPages = 4096;

// The limits that a queue may set, as the executor's command line carries them.
std::vector<std::string> PdfArguments(const PdfLimits& limits);

// The limits of a command line; the error's hint names the argument that is wrong.
Expected<PdfLimits> ParsePdfArguments(std::span<char* const> arguments);

}  // namespace headrace
