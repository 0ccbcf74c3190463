#pragma once

#include <cstdint>

#include "base/ledger.h"
#include "base/outcome.h"
#include "base/spool.h"

namespace headrace {

// Where results lie from their first byte until their last one is sent: charged to the ledger, or
// in files once results hold half of its budget. Thread-safe; Hold and Keep may write to the disk.
// Results exist when the service hears of them, so they count even over the budget.
class ResultStore {
 public:
  ResultStore() = default;
  // Both outlive the store and the results; null: nothing is charged, nothing moved.
  ResultStore(Ledger* ledger, Spool* spool) : ledger_(ledger), spool_(spool) {}

  // What so many bytes of a part hold that is not complete.
  [[nodiscard]] Ledger::Charge Reserve(std::uint64_t bytes) const;

  // For a part that is complete while its job goes on: moves it to a file if it is to be there.
  // Returns what it holds in memory, for as long as nobody Keeps it.
  [[nodiscard]] Ledger::Charge Hold(ResultPart& part) const;

  // From now on the part holds that itself. Once.
  void Keep(ResultPart& part) const;

 private:
  [[nodiscard]] bool MovedToSpool(ResultPart& part) const;

  Ledger* ledger_ = nullptr;
  Spool* spool_ = nullptr;
};

}  // namespace headrace
