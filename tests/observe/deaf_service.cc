// The service with a handler that does not look whether its job is still wanted.
#include <headrace/main.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace {

class Deaf final : public headrace::Handler {
  std::optional<headrace::Failure> Run(const headrace::Job& job,
                                       headrace::Context& /*context*/) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::stol(job.params.at("ms"))));
    return std::nullopt;
  }
};

}  // namespace

int main(int argc, char** argv) {
  headrace::LinkedHandler deaf;
  deaf.info.name = "deaf";
  deaf.info.description = "sleeps, whatever happens";
  deaf.info.params = {{.name = "ms",
                       .type = headrace::ParamType::kInteger,
                       .default_value = "0",
                       .minimum = 0,
                       .maximum = 60'000}};
  deaf.make = [] { return std::make_unique<Deaf>(); };
  deaf.thread_safe = true;
  return headrace::Main(argc, argv, {deaf});
}
