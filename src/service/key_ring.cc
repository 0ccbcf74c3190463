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

KeyRing::KeyRing(const std::vector<ApiKey>& keys) {
  for (const ApiKey& key : keys) {
    entries_.emplace(BucketOf(key.digest),
                     Entry{key.digest, std::make_unique<Caller>(key.tenant, key.limits)});
  }
}

Caller* KeyRing::Find(std::string_view key) const {
  Sha256 sha;
  sha.Add(key);
  const Sha256Digest digest = sha.Finish();
  const auto [begin, end] = entries_.equal_range(BucketOf(digest));
  for (auto at = begin; at != end; ++at) {
    if (EqualInConstantTime(TextOf(digest), TextOf(at->second.digest))) {
      return at->second.caller.get();
    }
  }
  return nullptr;
}

}  // namespace headrace
