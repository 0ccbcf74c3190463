#pragma once

#include <cstddef>
#include <span>

namespace headrace {

enum class PayloadKind { kUnknown, kPng, kJpeg, kTiff, kPdf };

// What the payload is by its first bytes, whatever its sender calls it.
PayloadKind KindOf(std::span<const std::byte> payload);

}  // namespace headrace
