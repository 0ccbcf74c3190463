#pragma once

#include "http/openapi/openapi_json.h"

namespace headrace::openapi {

// The `webhooks` of the document: what a receiver is sent when a kept job has ended
// (docs/webhooks.md), with the schema JobEnded.
Json Webhooks();

}  // namespace headrace::openapi
