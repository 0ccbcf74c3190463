#pragma once

#include <optional>

#include "http/edge/site.h"
#include "http/message/answer.h"
#include "service/key_ring.h"

namespace headrace {

// Finds out who sends a request: Authorization: Bearer KEY (RFC 6750, 2.1) is the key of its
// caller, who is noted in the exchange. The answer of one without a key that is known: 401 with a
// challenge (RFC 9110, 11.6.1). `keys` null: everybody may ask, and is nobody.
std::optional<Answer> CheckCaller(const KeyRing* keys, Exchange& exchange);

}  // namespace headrace
