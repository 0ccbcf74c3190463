#pragma once

#include <cstdint>

#include "handler/sandbox/isolation.h"

namespace headrace {

// What one executor may use.
struct ExecutorLimits {
  std::uint64_t memory = 0;       // bytes of address space; 0: no limit
  std::uint64_t cpu_seconds = 0;  // 0: no limit
  std::uint64_t file_size = 0;    // bytes of any one file, so of any one part; 0: no limit
  ExecutorPriority priority = ExecutorPriority::kNormal;
  bool sandbox_required = false;  // an executor that cannot be confined takes no job
  std::uint32_t jobs = 1;         // that it does, one after the other, before it ends
};

}  // namespace headrace
