#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"
#include "net/sha256.h"

namespace headrace {

// What the owner of a key may ask for; 0: as much as others leave.
struct KeyLimits {
  std::size_t waiting = 0;       // jobs of the key's tenant that wait in one queue at once
  std::uint32_t per_minute = 0;  // jobs that are let in with the key
};

// One line of a file of keys.
struct ApiKey {
  std::string tenant;  // IsTenantName
  Sha256Digest digest{};
  KeyLimits limits;
};

// 1 to 64 letters, digits, '-', '_' and '.'.
[[nodiscard]] bool IsTenantName(std::string_view name);

// Who sends a request. Thread-safe.
class Caller {
 public:
  Caller(std::string tenant, const KeyLimits& limits);

  [[nodiscard]] const std::string& tenant() const { return tenant_; }
  [[nodiscard]] std::size_t max_waiting() const { return limits_.waiting; }  // 0: any
  [[nodiscard]] std::uint32_t per_minute() const { return limits_.per_minute; }

  // One more job, if the rate allows it now: nothing. Else the seconds until it will, at least 1.
  // A bucket of `per_minute` tokens that fills within a minute (RFC 2697's, with one colour).
  [[nodiscard]] std::optional<int> TakeJob(SteadyTime now) EXCLUDES(mu_);
  // What TakeJob would say; takes none.
  [[nodiscard]] std::optional<int> UntilNextJob(SteadyTime now) EXCLUDES(mu_);

  // What `former`, with whom the same key came, has left of its rate counts for this one as well.
  void Inherit(const Caller& former) EXCLUDES(mu_);

 private:
  void Fill(SteadyTime now) REQUIRES(mu_);
  [[nodiscard]] std::optional<int> UntilToken() const REQUIRES(mu_);

  const std::string tenant_;
  const KeyLimits limits_;
  mutable Mutex mu_;
  double tokens_ GUARDED_BY(mu_);
  SteadyTime filled_ GUARDED_BY(mu_) = SteadyTime::min();
};

// The keys that open the API. Keys themselves are not in it, only their digests. Thread-safe.
class KeyRing {
 public:
  struct Entry {
    Sha256Digest digest{};
    std::shared_ptr<Caller> caller;
  };
  // By the first bytes of the digest: who watches the clock learns at most these, and from them
  // nothing of the key.
  using Entries = std::unordered_multimap<std::uint32_t, Entry>;

  // Keys that are to take the place of those that are there, and in what they differ from them.
  struct Next {
    std::shared_ptr<const Entries> entries;
    std::size_t added = 0;
    std::size_t removed = 0;
    std::size_t changed = 0;  // another tenant or other limits
    [[nodiscard]] bool Same() const { return added + removed + changed == 0; }
  };

  // No digest stands twice.
  explicit KeyRing(const std::vector<ApiKey>& keys);

  // Whose key it is; null: nobody's. Takes a time that tells nothing of a key that is there. Who
  // came in with a key that is taken away later is its caller to the end of the request.
  [[nodiscard]] std::shared_ptr<Caller> Find(std::string_view key) const EXCLUDES(mu_);

  // A reload: first makes the new keys ready, then, which cannot fail, lets them in and shuts the
  // others out. A key that stays keeps its caller, and so what is left of its rate.
  [[nodiscard]] Next Prepare(const std::vector<ApiKey>& keys) const EXCLUDES(mu_);
  void Adopt(Next next) EXCLUDES(mu_);

 private:
  [[nodiscard]] std::shared_ptr<const Entries> Current() const EXCLUDES(mu_);

  mutable Mutex mu_;
  std::shared_ptr<const Entries> entries_ GUARDED_BY(mu_);
};

}  // namespace headrace
