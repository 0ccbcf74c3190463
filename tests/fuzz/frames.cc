// Frames between service and executor: neither side trusts the other's bytes.
#include "handler/frames/frames.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(headrace::ParseFrame(bytes));
  static_cast<void>(headrace::DecodeReason(bytes));
  static_cast<void>(headrace::DecodeFork(bytes));
  static_cast<void>(headrace::DecodeForked(bytes));
  static_cast<void>(headrace::DecodeForkFailed(bytes));
  static_cast<void>(headrace::DecodeJob(bytes));
  static_cast<void>(headrace::DecodePart(bytes));
  static_cast<void>(headrace::DecodePartRequest(bytes));
  static_cast<void>(headrace::DecodePartGrant(bytes));
  static_cast<void>(headrace::DecodeNumber(bytes));
  static_cast<void>(headrace::DecodeProgress(bytes));
  static_cast<void>(headrace::DecodeFailure(bytes));
  static_cast<void>(headrace::DecodeUsage(bytes));
  static_cast<void>(headrace::DecodeStderr(bytes));
  return 0;
}
