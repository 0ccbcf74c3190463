#pragma once

#include <chrono>
#include <string>

namespace headrace {

// An instant of the wall clock in whole milliseconds, for people and other machines. Nothing in the
// service waits for one: the wall clock may step (see base/deadline.h for what does not).
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] UtcTime UtcNow();

// As RFC 3339 has it, in UTC: 2026-11-29T00:21:49.123Z.
[[nodiscard]] std::string ToRfc3339(UtcTime time);

}  // namespace headrace
