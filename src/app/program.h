#pragma once

#include <vector>

#include "headrace/main.h"

namespace headrace {

// The program: serve, check, health, version; or, started again by itself, the zygote of a linked
// handler. See headrace/main.h.
int RunProgram(int argc, char** argv, const std::vector<LinkedHandler>& linked);

}  // namespace headrace
