// headrace-ocr: the executor of the handler `ocr`. Started by the service only.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "handler/executor/executor_main.h"
#include "handler/ocr/ocr_handler.h"

int main(int argc, char** argv) {
  constexpr int kOwnArguments = 3;  // the program, --zygote, the service's process id
  const std::vector<std::string> arguments(argv + std::min(argc, kOwnArguments), argv + argc);
  const auto options = headrace::ParseOcrArguments(arguments);
  if (!options) {
    std::fprintf(stderr, "headrace-ocr: %s\n", options.error().detail.c_str());
    return 2;
  }
  headrace::OcrHandler handler(*options);
  return headrace::ExecutorMain(argc, argv, handler);
}
