// An executor that does nothing: what bench/executor_bench.cc measures.

#include "handler/executor/executor_main.h"

namespace {

class NoOpHandler final : public headrace::Handler {
 public:
  std::optional<headrace::Failure> Run(const headrace::Job& /*job*/,
                                       headrace::Context& /*context*/) override {
    return std::nullopt;
  }
};

}  // namespace

int main(int argc, char** argv) {
  NoOpHandler handler;
  return headrace::ExecutorMain(argc, argv, handler, headrace::ExecutorProfile::HEADRACE_PROFILE);
}
