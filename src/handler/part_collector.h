#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/outcome.h"
#include "handler/frames.h"

namespace headrace {

// Gathers the parts of one job's result as its executor sends them, or passes them on, and holds
// them to the limit. The memory of a part is made here; the executor only fills it. Used by one
// thread.
class PartCollector {
 public:
  PartCollector(std::uint64_t max_result, std::function<void(ResultPart)> on_part)
      : max_result_(max_result), on_part_(std::move(on_part)) {}

  // A part that came inside its frame.
  Status Add(const PartFrame& frame);

  // Makes the memory for a part: a descriptor, owned by this object until the part is complete.
  Expected<int> Open(const PartRequestFrame& request);
  [[nodiscard]] bool HasOpenPart() const { return open_.has_value(); }

  // The part that was opened is written.
  Status Complete(std::uint32_t crc);

  [[nodiscard]] std::size_t count() const { return count_; }
  std::vector<ResultPart> Take() { return std::move(parts_); }  // those not passed on

 private:
  struct OpenPart {
    ResultPart part;  // without bytes
    UniqueFd memfd;
    std::size_t size = 0;
  };

  Status Charge(std::uint64_t bytes);
  void Keep(ResultPart part);

  const std::uint64_t max_result_;  // bytes, all parts together
  std::uint64_t total_ = 0;
  const std::function<void(ResultPart)> on_part_;
  std::size_t count_ = 0;
  std::vector<ResultPart> parts_;
  std::optional<OpenPart> open_;
};

}  // namespace headrace
