// The one function of libheadrace.so.

#include "app/program.h"
#include "headrace/main.h"

namespace headrace {

int Main(int argc, char** argv, const std::vector<LinkedHandler>& handlers) {
  return RunProgram(argc, argv, handlers);
}

}  // namespace headrace
