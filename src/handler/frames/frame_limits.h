#pragma once

#include <cstddef>
#include <cstdint>

// What the writing and the reading half of frames.h share and nobody else needs.
namespace headrace {

inline constexpr std::uint32_t kFrameMagic = 0x31465248;  // "HRF1"
inline constexpr std::size_t kMaxReason = 4096;
inline constexpr std::size_t kMaxParams = 256;

}  // namespace headrace
