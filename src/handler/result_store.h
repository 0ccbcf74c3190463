#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/ledger.h"
#include "base/outcome.h"
#include "base/payload.h"
#include "base/spool.h"

namespace headrace {

// Where results lie from their first byte until their last one is sent: charged to the ledger, or
// in files once results hold half of its budget. Results may wait for long, so their parts keep
// only so many descriptors. Thread-safe; Hold and Keep may write to the disk. Results exist when
// the service hears of them, so they count even over the budget.
class ResultStore {
 public:
  ResultStore() = default;
  // All outlive the store and the results. `descriptors` counts the parts that keep one. Null:
  // nothing is charged, nothing moved, any number of descriptors.
  ResultStore(Ledger* ledger, Spool* spool, Ledger* descriptors = nullptr)
      : ledger_(ledger), spool_(spool), descriptors_(descriptors) {}

  // What so many bytes of a part hold that is not complete.
  [[nodiscard]] Ledger::Charge Reserve(std::uint64_t bytes) const;

  // A part's bytes as they are kept: with their memfd, or, where they are few or parts have their
  // share of the descriptors, copied into memory. Error: they cannot be read.
  [[nodiscard]] Expected<Payload> WithinDescriptors(Payload bytes) const;

  // For a part that is complete while its job goes on: moves it to a file if it is to be there.
  // Returns what it holds in memory, for as long as nobody Keeps it.
  [[nodiscard]] Ledger::Charge Hold(ResultPart& part) const;

  // From now on the part holds that itself. Once.
  void Keep(ResultPart& part) const;

 private:
  [[nodiscard]] bool MovedToSpool(ResultPart& part) const;
  [[nodiscard]] std::optional<Ledger::Charge> TakeDescriptor(std::size_t size) const;

  Ledger* ledger_ = nullptr;
  Spool* spool_ = nullptr;
  Ledger* descriptors_ = nullptr;
};

}  // namespace headrace
