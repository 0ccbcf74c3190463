#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "headrace/handler.h"
#include "http/openapi/openapi_json.h"
#include "http/openapi/openapi_responses.h"

namespace headrace::openapi {

// What a method does at a path, without what is the same for all.
struct Operation {
  std::string tag;
  std::string summary;
  std::string description{};
  std::vector<Json> parameters{};
  std::optional<Json> body{};
  std::vector<Reply> replies{};
  std::vector<ErrorCode> problems{};  // beside those of any request
};

Operation RootOperation();
Operation DocumentOperation();
Operation QueuesOperation();
Operation QueueOperation();
Operation OptionsOperation(bool traced);

// A new job of that handler; `async`: its client may ask not to wait for it.
Operation SubmitOperation(const std::string& queue, const HandlerInfo& handler, bool async);

Operation StatusOperation();
Operation CancelOperation();
Operation EventsOperation();
Operation ListOperation();

// A result of one of these handlers; `ranges`: GET has them, HEAD does not (RFC 9110, 14.2).
Operation ResultOperation(const std::vector<const HandlerInfo*>& handlers, bool ranges);
Operation PartOperation(const std::vector<const HandlerInfo*>& handlers, bool ranges);

}  // namespace headrace::openapi
