#include "base/random_share.h"

#include <random>

namespace headrace {

double RandomShare() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace headrace
