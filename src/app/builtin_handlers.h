#pragma once

#include "handler/registry.h"
#include "handler/simulate/simulate.h"

namespace headrace {

// The handlers that come with the program. The registry's entries point into it.
class BuiltinHandlers {
 public:
  BuiltinHandlers();
  BuiltinHandlers(const BuiltinHandlers&) = delete;
  BuiltinHandlers& operator=(const BuiltinHandlers&) = delete;

  [[nodiscard]] const HandlerRegistry& registry() const { return registry_; }
  // For those who add handlers of their own at the start.
  [[nodiscard]] HandlerRegistry& registry() { return registry_; }

 private:
  SimulateHandler simulate_;
  HandlerRegistry registry_;
};

}  // namespace headrace
