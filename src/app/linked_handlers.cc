#include "app/linked_handlers.h"

#include <fmt/format.h>

#include <exception>
#include <set>
#include <string>
#include <utility>

#include "app/linked_zygote.h"
#include "config/check.h"
#include "handler/params.h"

namespace headrace {
namespace {

Error Wrong(const LinkedHandler& handler, const std::string& what) {
  return {ErrorCode::kInvalidArgument, "linked-handler",
          fmt::format("handler '{}': {}", handler.info.name, what), "", 0};
}

// The default must be a value that a client could send, in its canonical form.
Status CheckDefault(const LinkedHandler& handler, const ParamSpec& spec) {
  if (!spec.default_value) return Ok();
  if (spec.default_value->empty()) {
    return Wrong(handler, fmt::format("its parameter '{}' has an empty default; give none instead",
                                      spec.name));
  }
  HandlerInfo alone;
  alone.params = {spec};
  const auto checked = ValidateParams(alone, {{spec.name, *spec.default_value}}, {});
  if (!checked) {
    return Wrong(handler, fmt::format("the default of its parameter: {}", checked.error().hint));
  }
  const std::string& canonical = checked->at(spec.name);
  if (canonical == *spec.default_value) return Ok();
  return Wrong(handler, fmt::format("the default '{}' of its parameter '{}' is written '{}'",
                                    *spec.default_value, spec.name, canonical));
}

Status CheckParamSpecs(const LinkedHandler& handler) {
  std::set<std::string> names;
  for (const ParamSpec& spec : handler.info.params) {
    if (spec.name.empty() || !names.insert(spec.name).second) {
      return Wrong(handler, fmt::format("its parameter '{}' has no name of its own", spec.name));
    }
    if (spec.type == ParamType::kChoice && spec.choices.empty()) {
      return Wrong(handler, fmt::format("its parameter '{}' has no choices", spec.name));
    }
    if (!spec.media_types.empty() && spec.media_types.size() != spec.choices.size()) {
      return Wrong(handler,
                   fmt::format("its parameter '{}' has not one media type per choice", spec.name));
    }
    if (auto checked = CheckDefault(handler, spec); !checked) return checked;
  }
  return Ok();
}

Expected<std::unique_ptr<Handler>> Make(const LinkedHandler& handler) {
  try {
    auto made = handler.make();
    if (made != nullptr) return made;
    return Wrong(handler, "its make() returned nothing");
  } catch (const std::exception& error) {
    return Wrong(handler, fmt::format("it cannot be made: {}", error.what()));
  }
}

}  // namespace

Status LinkedHandlers::Add(const std::vector<LinkedHandler>& linked, HandlerRegistry& registry) {
  for (const LinkedHandler& handler : linked) {
    const std::string& name = handler.info.name;
    if (!IsQueueName(name)) {
      return Wrong(handler, "its name is not 1 to 63 of a-z, 0-9 and -, first a letter or digit");
    }
    if (registry.Find(name) != nullptr) return Wrong(handler, "there is one of that name already");
    if (!handler.make) return Wrong(handler, "it has no make()");
    if (auto checked = CheckParamSpecs(handler); !checked) return checked;
    HandlerEntry entry;
    entry.info = handler.info;
    entry.executor = kOwnProgram;
    entry.arguments = LinkedZygoteArguments(name);
    if (handler.thread_safe) {
      auto made = Make(handler);
      if (!made) return std::move(made).error();
      in_thread_.push_back(*std::move(made));
      entry.in_thread = in_thread_.back().get();
    }
    registry.Add(std::move(entry));
  }
  return Ok();
}

}  // namespace headrace
