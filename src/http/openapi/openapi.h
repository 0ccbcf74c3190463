#pragma once

#include <string>

#include "base/payload.h"
#include "http/message/answer.h"
#include "http/message/request_head.h"
#include "service/job_service.h"

namespace headrace {

// What the configuration says of the API beside its queues.
struct OpenApiOptions {
  bool keys = false;  // every /v1 route and the document itself need a key
  bool async = true;  // clients may ask not to wait for their jobs (Prefer)
};

// The description of the main listener's API as an OpenAPI 3.1 document: each queue has a path of
// its own with the parameters and media types of its handler. Made once, from queues that never
// change; immutable, thread-safe.
class OpenApi {
 public:
  explicit OpenApi(const JobService& service, OpenApiOptions options = {});

  // GET /openapi.json: the document, packed for those who take that, or 304 for those who have it
  // (RFC 9110, 13.1.2). Copies no text.
  [[nodiscard]] Answer For(const RequestHead& head) const;

 private:
  Payload text_;
  Payload packed_;   // in gzip format
  std::string tag_;  // weak: both forms are the same document
};

}  // namespace headrace
