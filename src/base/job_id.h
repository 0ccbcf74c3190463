#pragma once

#include <string>

namespace headrace {

// A new job id: 30 characters of Crockford's base 32, 10 for the UTC time in ms (so ids sort by time),
// 20 for 100 random bits from getrandom(2): nobody guesses another's id. Thread-safe.
std::string NewJobId();

// `count` lower-case hexadecimal digits of random bits; for trace and span ids. Thread-safe.
std::string RandomHex(int count);

}  // namespace headrace
