#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// Whom webhooks may call.
struct WebhookPolicy {
  // Names ("hooks.example.com"), names with all that lies below them ("*.example.com": one label or
  // more), IP addresses. Empty: nobody.
  std::vector<std::string> allow_hosts;
  bool allow_private = false;  // hosts in networks of one's own; see net/address_guard.h
  bool allow_http = false;     // beside https
};

// Whether a job's end may be told there: https, unless http is allowed; no user, no fragment; at
// most 2048 characters; a host that is listed, at any port. An IP address must be listed itself and
// be public, unless private ones are allowed; what a name resolves to is judged when it is called.
// The error is kUnprocessable of type "webhook-url", its hint a sentence that does not repeat the
// URL. Thread-safe.
Status CheckWebhookUrl(std::string_view url, const WebhookPolicy& policy);

// The URL's host is an IP address, however it is written. The URL has been checked.
[[nodiscard]] bool CallsLiteralAddress(std::string_view url);

// What is wrong with the list, one line for each entry that can never match:
// `allow_hosts: "https://a.example" is a URL; write its host alone`.
std::vector<std::string> Validate(const WebhookPolicy& policy);

}  // namespace headrace
