#pragma once

namespace headrace {

// A number of 0 to 1, without 1: what spreads those over time who would come back together. Not for
// secrets. Thread-safe.
double RandomShare();

}  // namespace headrace
