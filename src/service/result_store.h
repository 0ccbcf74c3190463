#pragma once

#include "base/ledger.h"
#include "base/outcome.h"
#include "base/spool.h"

namespace headrace {

// Where results lie until their last byte is sent: charged to the ledger, or in files once results
// hold half of its budget. Thread-safe; Keep may write to the disk.
class ResultStore {
 public:
  // Both outlive the store and the results; null: nothing is charged, nothing moved.
  ResultStore(Ledger* ledger, Spool* spool) : ledger_(ledger), spool_(spool) {}

  // Results exist when the service first hears of them, so they count even over the budget.
  void Keep(ResultPart& part) const;

 private:
  [[nodiscard]] bool MovedToSpool(ResultPart& part) const;

  Ledger* const ledger_;
  Spool* const spool_;
};

}  // namespace headrace
