#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "handler/registry.h"
#include "headrace/main.h"

namespace headrace {

// The handlers that an author has linked into the program, as entries of the registry. Owns those
// that run on threads; they are made by Add, and warmed by whoever gives them jobs.
class LinkedHandlers {
 public:
  // Puts them beside those which are there. The error's hint is for the author: a name that is none
  // or taken, a handler that cannot be made, a parameter's specification that cannot be kept.
  Status Add(const std::vector<LinkedHandler>& linked, HandlerRegistry& registry);

 private:
  std::vector<std::unique_ptr<Handler>> in_thread_;
};

}  // namespace headrace
