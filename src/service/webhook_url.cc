#include "service/webhook_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "net/address_guard.h"
#include "net/http_url.h"

namespace headrace {
namespace {

constexpr std::string_view kBelow = "*.";

Error Refused(std::string what) {
  return {ErrorCode::kUnprocessable, "webhook-url", "the webhook's URL " + std::move(what), "", 0};
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view WithoutBrackets(std::string_view text) {
  const bool has = text.starts_with('[') && text.ends_with(']');
  return has ? text.substr(1, text.size() - 2) : text;
}

bool NameMatches(std::string_view host, std::string_view entry) {
  if (!entry.starts_with(kBelow)) return host == entry;
  const std::string_view domain = entry.substr(1);  // with its dot
  return host.size() > domain.size() && host.ends_with(domain) && !host.starts_with('.');
}

// `address`: the host's one form, if it is an address.
bool Matches(std::string_view host, const std::optional<std::string>& address,
             std::string_view entry) {
  if (!address) return NameMatches(host, LowerCase(entry));
  return CanonicalAddress(WithoutBrackets(entry)) == address;
}

bool IsNameChar(char c) {
  constexpr std::string_view kMarks = ".-_";
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

std::string ProblemOf(std::string_view entry) {
  if (CanonicalAddress(WithoutBrackets(entry))) return {};
  if (entry.find("://") != std::string_view::npos) return "is a URL; write its host alone";
  std::string name = LowerCase(entry);
  if (name.starts_with(kBelow)) name.erase(0, kBelow.size());
  if (name.find('*') != std::string::npos) return "has a * that is not its first label";
  if (name.find(':') != std::string::npos) return "has a port; every port is allowed";
  if (name.empty() || name.front() == '.' || name.back() == '.' ||
      !std::all_of(name.begin(), name.end(), IsNameChar)) {
    return "is neither a host name, nor *.example.com, nor an IP address";
  }
  return {};
}

}  // namespace

Status CheckWebhookUrl(std::string_view url, const WebhookPolicy& policy) {
  const auto parts = ParseHttpUrl(url);
  if (!parts) return Refused(parts.error().hint);
  if (parts->scheme != "https" && !policy.allow_http) {
    return Refused("is http; only https is allowed here");
  }
  const auto address = CanonicalAddress(parts->host);
  const bool listed =
      std::any_of(policy.allow_hosts.begin(), policy.allow_hosts.end(),
                  [&](const auto& entry) { return Matches(parts->host, address, entry); });
  if (!listed) {
    return Refused(
        "has a host that is not allowed here; the operator of this service lists those that are");
  }
  if (!address) return Ok();
  const std::string_view refusal = AddressRefusal(*address, policy.allow_private);
  if (refusal.empty()) return Ok();
  return Refused(fmt::format("has an address that is not called from here ({})", refusal));
}

bool CallsLiteralAddress(std::string_view url) {
  const auto parts = ParseHttpUrl(url);
  return parts && CanonicalAddress(parts->host).has_value();
}

std::vector<std::string> Validate(const WebhookPolicy& policy) {
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < policy.allow_hosts.size(); ++i) {
    const std::string problem = ProblemOf(policy.allow_hosts[i]);
    if (problem.empty()) continue;
    problems.push_back(fmt::format("allow_hosts: \"{}\" {}", policy.allow_hosts[i], problem));
  }
  return problems;
}

}  // namespace headrace
