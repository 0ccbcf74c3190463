#pragma once

#include <optional>

#include "headrace/handler.h"

namespace headrace {

// The handler `simulate`: keeps a core busy (or sleeps) for a given time and answers a small JSON
// that says what it did. For load tests, demonstrations and the tests of everything around it.
const HandlerInfo& SimulateInfo();

// Thread-safe: jobs share nothing. Sees a cancelled job within 5 ms.
class SimulateHandler final : public Handler {
 public:
  [[nodiscard]] std::optional<Failure> Run(const Job& job, Context& context) override;
};

}  // namespace headrace
