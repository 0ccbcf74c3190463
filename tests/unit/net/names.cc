#include "unit/net/names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/sync.h"

namespace headrace::testing_support {
namespace {

struct Name {
  Resolver resolver;
  int asked = 0;
};

// Never destroyed: a lookup's thread belongs to nobody and may end after main.
struct Names {
  Mutex mu;
  std::map<std::string, Name, std::less<>> all GUARDED_BY(mu);
};
Names& Known() {
  static Names& names = *new Names;
  return names;
}

std::optional<std::vector<std::string>> Resolve(std::string_view name) {
  Resolver resolver;
  int before = 0;
  {
    const MutexLock lock(Known().mu);
    const auto known = Known().all.find(name);
    if (known == Known().all.end()) return std::nullopt;
    resolver = known->second.resolver;
    before = known->second.asked++;
  }
  return resolver(before);
}

using GetAddrInfo = int(const char*, const char*, const addrinfo*, addrinfo**);

}  // namespace

void SetName(const std::string& name, Resolver resolver) {
  const MutexLock lock(Known().mu);
  Known().all[name] = {std::move(resolver), 0};
}

}  // namespace headrace::testing_support

// In the C library's place, which still makes and frees the lists.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  static auto* const real =
      reinterpret_cast<headrace::testing_support::GetAddrInfo*>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const auto addresses = name == nullptr ? std::nullopt : headrace::testing_support::Resolve(name);
  if (!addresses) return real(name, service, hints, found);
  *found = nullptr;
  addrinfo** end = found;
  for (const std::string& address : *addresses) {
    if (real(address.c_str(), service, hints, end) != 0) continue;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return *found == nullptr ? EAI_NONAME : 0;
}
