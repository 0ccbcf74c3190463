#pragma once

#include <functional>
#include <string>
#include <vector>

namespace headrace::testing_support {

// What a name of this program resolves to: this program's own getaddrinfo, which libcurl's threads
// call, asks here first. The function gets how often the name has been asked for before, may block,
// and gives texts of IPv4 and IPv6 addresses, in their order; none: there is no such name. It may
// be called after the test has ended, so it holds what it needs. Thread-safe.
using Resolver = std::function<std::vector<std::string>(int before)>;
void SetName(const std::string& name, Resolver resolver);

}  // namespace headrace::testing_support
