// headrace-pdf: the executor of the handler `pdf-to-image`. Started by the service only, which adds
// the queue's limits to the command line.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>

#include "handler/executor/executor_main.h"
#include "handler/pdf/pdf_handler.h"
#include "handler/pdf/pdf_limits.h"

namespace {

// `--zygote` and the process id of the service.
constexpr int kOwnArguments = 3;

// Reads the limits when it is warmed: a reason why that fails reaches the service.
class LimitedPdfHandler final : public headrace::Handler {
 public:
  explicit LimitedPdfHandler(std::span<char* const> arguments) : arguments_(arguments) {}

  void Warm() override {
    const auto limits = headrace::ParsePdfArguments(arguments_);
    if (!limits) throw std::runtime_error(limits.error().hint);
    handler_.emplace(*limits);
    handler_->Warm();
  }

  std::optional<headrace::Failure> Run(const headrace::Job& job,
                                       headrace::Context& context) override {
    return handler_->Run(job, context);
  }

 private:
  const std::span<char* const> arguments_;
  std::optional<headrace::PdfHandler> handler_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<std::size_t>(argc);
  LimitedPdfHandler handler(
      std::span(argv, count).subspan(std::min<std::size_t>(count, kOwnArguments)));
  return headrace::ExecutorMain(argc, argv, handler);
}
