#include "engine/job_store.h"

namespace headrace {

const char* ToString(Durability durability) {
  switch (durability) {
    case Durability::kProcess:
      return "process";
    case Durability::kDisk:
      return "disk";
    case Durability::kFleet:
      return "fleet";
  }
  return "process";
}

}  // namespace headrace
