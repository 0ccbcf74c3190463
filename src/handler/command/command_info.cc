#include "handler/command/command_info.h"

#include <string>
#include <utility>

#include "handler/command/command_options.h"

namespace headrace {

HandlerInfo CommandInfo(std::vector<ParamSpec> params) {
  HandlerInfo info;
  info.name = std::string(kCommandHandler);
  info.description = "runs a program for each job, or gives one program job after job";
  info.params = std::move(params);
  return info;
}

}  // namespace headrace
