#pragma once

#include <string>
#include <vector>

#include "headrace/main.h"

namespace headrace {

// The executor binary of linked handlers: this program, as it was when it was started.
inline constexpr const char* kOwnProgram = "/proc/self/exe";

// What the command line of a linked handler's zygote must end with.
std::vector<std::string> LinkedZygoteArguments(const std::string& handler);

// Whether the service has started this process as a zygote.
bool IsZygote(int argc, char** argv);

// The zygote's life, to its exit status. What the command line's handler cannot do is told to the
// service.
int RunLinkedZygote(int argc, char** argv, const std::vector<LinkedHandler>& linked);

}  // namespace headrace
