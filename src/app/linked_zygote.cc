#include "app/linked_zygote.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "handler/executor/executor_main.h"

namespace headrace {
namespace {

constexpr std::string_view kHandlerArgument = "--handler=";
constexpr int kHandlerAt = 3;  // behind --zygote and the service's process id

// Makes the handler when it is warmed: a reason why that fails reaches the service.
class LateHandler final : public Handler {
 public:
  LateHandler(std::string name, const std::vector<LinkedHandler>& linked)
      : name_(std::move(name)), linked_(linked) {}

  void Warm() override {
    const auto found = std::find_if(linked_.begin(), linked_.end(),
                                    [&](const auto& one) { return one.info.name == name_; });
    if (found == linked_.end()) {
      throw std::runtime_error("no handler '" + name_ + "' is linked into this program");
    }
    handler_ = found->make();
    if (handler_ == nullptr) throw std::runtime_error("its make() returned nothing");
    handler_->Warm();
  }

  std::optional<Failure> Run(const Job& job, Context& context) override {
    return handler_->Run(job, context);
  }

 private:
  const std::string name_;
  const std::vector<LinkedHandler>& linked_;
  std::unique_ptr<Handler> handler_;
};

}  // namespace

std::vector<std::string> LinkedZygoteArguments(const std::string& handler) {
  return {std::string(kHandlerArgument) + handler};
}

bool IsZygote(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == kZygoteArgument;
}

int RunLinkedZygote(int argc, char** argv, const std::vector<LinkedHandler>& linked) {
  std::string_view name = argc > kHandlerAt ? argv[kHandlerAt] : "";
  if (name.starts_with(kHandlerArgument)) name.remove_prefix(kHandlerArgument.size());
  LateHandler handler(std::string(name), linked);
  // It may open files; what reaches other processes or the network is refused.
  return ExecutorMain(argc, argv, handler, ExecutorProfile::kBroad);
}

}  // namespace headrace
