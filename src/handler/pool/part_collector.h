#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "base/outcome.h"
#include "handler/frames/frames.h"
#include "handler/job_result.h"

namespace headrace {

// Takes the parts that one executor sends into the job's result. The memory of a part is made here;
// the executor only fills it. Used by one thread.
class PartCollector {
 public:
  explicit PartCollector(JobResult& result) : result_(result) {}

  // A part of that task, or of none, that came inside its frame.
  Status Add(std::optional<std::uint32_t> task, const PartFrame& frame);

  // Makes the memory for a part: a descriptor, owned by this object until the part is complete.
  Expected<int> Open(const PartRequestFrame& request);
  [[nodiscard]] bool HasOpenPart() const { return open_.has_value(); }

  // The part that was opened is written.
  Status Complete(std::optional<std::uint32_t> task, std::uint32_t crc);

  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  struct OpenPart {
    ResultPart part;  // without bytes
    UniqueFd memfd;
    std::size_t size = 0;
    Ledger::Charge charge;
  };

  JobResult& result_;
  std::size_t count_ = 0;
  std::optional<OpenPart> open_;
};

}  // namespace headrace
