#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/handler.h"

// What the test executor's actions share, and one of them.
namespace headrace {

using Answer = std::optional<Failure>;

[[noreturn]] void WaitForEver();

std::string Param(const Job& job, std::string_view name, const char* otherwise);

// Adds a part; the answer of an action that has done so.
Answer Add(Context& context, std::string_view name, const std::string& bytes);

// Sends what only keepers may: `kind` of it.
[[noreturn]] Answer SpeakAsKeeper(const Job& job, Context& context);

// `tasks` of them, of a millisecond each, told with the process that did it; those that `fail`,
// `kill` and `slow` name end badly.
Answer DoTasks(const Job& job, Context& context);

}  // namespace headrace
