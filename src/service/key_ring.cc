#include "service/key_ring.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace headrace {
namespace {

constexpr std::size_t kLongestTenant = 64;

std::uint32_t BucketOf(const Sha256Digest& digest) {
  std::uint32_t bucket = 0;
  std::memcpy(&bucket, digest.data(), sizeof bucket);
  return bucket;
}

double PerSecond(const KeyLimits& limits) { return limits.per_minute / 60.0; }

std::string_view TextOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::shared_ptr<Caller> CallerOf(const KeyRing::Entries& entries, const Sha256Digest& digest) {
  const auto [begin, end] = entries.equal_range(BucketOf(digest));
  for (auto at = begin; at != end; ++at) {
    if (EqualInConstantTime(TextOf(digest), TextOf(at->second.digest))) return at->second.caller;
  }
  return nullptr;
}

bool IsSame(const Caller& caller, const ApiKey& key) {
  return caller.tenant() == key.tenant && caller.max_waiting() == key.limits.waiting &&
         caller.per_minute() == key.limits.per_minute;
}

}  // namespace

bool IsTenantName(std::string_view name) {
  return !name.empty() && name.size() <= kLongestTenant && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

Caller::Caller(std::string tenant, const KeyLimits& limits)
    : tenant_(std::move(tenant)), limits_(limits), tokens_(limits.per_minute) {}

std::optional<int> Caller::TakeJob(SteadyTime now) {
  if (limits_.per_minute == 0) return std::nullopt;
  const MutexLock lock(mu_);
  Fill(now);
  const auto seconds = UntilToken();
  if (!seconds) tokens_ -= 1;
  return seconds;
}

std::optional<int> Caller::UntilNextJob(SteadyTime now) {
  if (limits_.per_minute == 0) return std::nullopt;
  const MutexLock lock(mu_);
  Fill(now);
  return UntilToken();
}

void Caller::Fill(SteadyTime now) {
  const double most = limits_.per_minute;
  if (filled_ != SteadyTime::min()) {
    tokens_ = std::min(most, tokens_ + Seconds(now - filled_).count() * PerSecond(limits_));
  }
  filled_ = now;
}

std::optional<int> Caller::UntilToken() const {
  if (tokens_ >= 1) return std::nullopt;
  return std::max(1, static_cast<int>(std::ceil((1 - tokens_) / PerSecond(limits_))));
}

void Caller::Inherit(const Caller& former) {
  double tokens = 0;
  SteadyTime filled;
  {
    const MutexLock lock(former.mu_);
    tokens = former.tokens_;
    filled = former.filled_;
  }
  if (former.limits_.per_minute == 0) return;  // nothing was counted
  const MutexLock lock(mu_);
  tokens_ = std::min<double>(tokens, limits_.per_minute);
  filled_ = filled;
}

KeyRing::KeyRing(const std::vector<ApiKey>& keys) : entries_(std::make_shared<const Entries>()) {
  Adopt(Prepare(keys));
}

std::shared_ptr<const KeyRing::Entries> KeyRing::Current() const {
  const MutexLock lock(mu_);
  return entries_;
}

std::shared_ptr<Caller> KeyRing::Find(std::string_view key) const {
  Sha256 sha;
  sha.Add(key);
  return CallerOf(*Current(), sha.Finish());
}

KeyRing::Next KeyRing::Prepare(const std::vector<ApiKey>& keys) const {
  const auto former = Current();
  auto entries = std::make_shared<Entries>();
  Next next;
  std::size_t kept = 0;
  for (const ApiKey& key : keys) {
    std::shared_ptr<Caller> caller = CallerOf(*former, key.digest);
    if (caller) ++kept;
    if (!caller || !IsSame(*caller, key)) {
      auto fresh = std::make_shared<Caller>(key.tenant, key.limits);
      if (caller) fresh->Inherit(*caller);
      ++(caller ? next.changed : next.added);
      caller = std::move(fresh);
    }
    entries->emplace(BucketOf(key.digest), Entry{key.digest, std::move(caller)});
  }
  next.removed = former->size() - kept;
  next.entries = std::move(entries);
  return next;
}

// The former ones are destroyed outside the lock.
void KeyRing::Adopt(Next next) {
  const MutexLock lock(mu_);
  entries_.swap(next.entries);
}

}  // namespace headrace
