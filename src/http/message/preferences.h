#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

// What a request's Prefer field (RFC 7240) asks for, as far as it is known here.
struct Preferences {
  bool respond_async = false;
  std::optional<std::chrono::seconds> wait;

  // How long the client waits before it is told that its job goes on; nothing: to the end.
  [[nodiscard]] std::optional<std::chrono::milliseconds> Patience() const {
    if (wait) return *wait;
    if (respond_async) return std::chrono::milliseconds(0);
    return std::nullopt;
  }
};

// What cannot be understood is left out, as the RFC wants it; of two of a kind the first counts.
Preferences ParsePrefer(std::string_view field);

// The urgency in a Priority field (RFC 9218, 4.1); nothing: it names none from 0 to 7.
std::optional<int> ParseUrgency(std::string_view field);

// An Idempotency-Key field: a string of structured fields (RFC 8941, 3.3.3), or, as many clients
// send it, the bare text. 1 to 255 visible ASCII characters; else 400. Nothing: there is none.
Expected<std::optional<std::string>> ParseIdempotencyKey(std::string_view field);

}  // namespace headrace
