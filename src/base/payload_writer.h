#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/payload.h"

namespace headrace {

// Gathers bytes that come in portions into a Payload: in memory while they are few, else in a memfd
// that is sealed at the end, so that they are stored once and an executor can be given them as a
// descriptor. Not thread-safe.
class PayloadWriter {
 public:
  static constexpr std::size_t kMostInMemory = std::size_t{64} << 10;  // bytes

  explicit PayloadWriter(std::size_t most_in_memory = kMostInMemory)
      : most_in_memory_(most_in_memory) {}

  // Tells how many bytes will come, if that is known.
  void Expect(std::uint64_t size);

  // 503 (out-of-resources) when descriptors or memory are short.
  Status Append(std::string_view bytes);

  [[nodiscard]] std::size_t size() const { return size_; }

  // The payload of all bytes so far. The writer is empty afterwards.
  Expected<Payload> Finish();

 private:
  Status Spill();
  Status Flush();
  Status Write(std::string_view bytes);

  std::size_t most_in_memory_;
  std::string
      memory_;  // all so far, or what is not in the memfd yet: a write costs more than a copy
  UniqueFd memfd_;
  std::size_t size_ = 0;
};

}  // namespace headrace
