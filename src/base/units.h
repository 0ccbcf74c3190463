#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

// "64MiB", "16 KiB", "1GiB", "512B" -> bytes. A unit is required, except for 0. Errors name the
// form.
Expected<std::uint64_t> ParseSize(std::string_view text);

// "30s", "500ms", "5m", "24h" -> milliseconds. A unit is required, except for 0.
Expected<std::chrono::milliseconds> ParseDuration(std::string_view text);

// The shortest exact spelling: 67108864 -> "64MiB"; 90000 ms -> "90s".
std::string FormatSize(std::uint64_t bytes);
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace headrace
