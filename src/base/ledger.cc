#include "base/ledger.h"

namespace headrace {
namespace {
std::size_t Index(MemoryUse use) { return static_cast<std::size_t>(use); }
}  // namespace

Ledger::Charge& Ledger::Charge::operator=(Charge&& other) noexcept {
  if (this != &other) {
    Free();
    ledger_ = std::exchange(other.ledger_, nullptr);
    use_ = other.use_;
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

bool Ledger::Charge::Grow(std::size_t bytes) {
  if (ledger_ == nullptr || !ledger_->Take(use_, bytes)) return false;
  bytes_ += bytes;
  return true;
}

void Ledger::Charge::GrowAnyway(std::size_t bytes) {
  if (ledger_ == nullptr) return;
  ledger_->total_.fetch_add(bytes, std::memory_order_relaxed);
  ledger_->uses_[Index(use_)].fetch_add(bytes, std::memory_order_relaxed);
  bytes_ += bytes;
}

void Ledger::Charge::ShrinkTo(std::size_t bytes) {
  if (ledger_ == nullptr || bytes >= bytes_) return;
  ledger_->Give(use_, bytes_ - bytes);
  bytes_ = bytes;
}

void Ledger::Charge::MoveTo(MemoryUse use) {
  if (ledger_ == nullptr) return;
  ledger_->uses_[Index(use)].fetch_add(bytes_, std::memory_order_relaxed);
  ledger_->uses_[Index(use_)].fetch_sub(bytes_, std::memory_order_relaxed);
  use_ = use;
}

void Ledger::Charge::Free() {
  if (ledger_ != nullptr) ledger_->Give(use_, bytes_);
  ledger_ = nullptr;
  bytes_ = 0;
}

std::optional<Ledger::Charge> Ledger::TryCharge(MemoryUse use, std::size_t bytes) {
  Charge charge(this, use);
  if (!charge.Grow(bytes)) return std::nullopt;
  return charge;
}

Ledger::Charge Ledger::ChargeAnyway(MemoryUse use, std::size_t bytes) {
  Charge charge(this, use);
  charge.GrowAnyway(bytes);
  return charge;
}

bool Ledger::HasRoomFor(std::uint64_t bytes) const {
  const std::uint64_t used = Used();
  return bytes <= budget_ && used <= budget_ - bytes;
}

std::uint64_t Ledger::Used(MemoryUse use) const {
  return uses_[Index(use)].load(std::memory_order_relaxed);
}

bool Ledger::Take(MemoryUse use, std::size_t bytes) {
  std::uint64_t used = total_.load(std::memory_order_relaxed);
  do {
    if (bytes > budget_ || used > budget_ - bytes) return false;
  } while (!total_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  uses_[Index(use)].fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

void Ledger::Give(MemoryUse use, std::size_t bytes) {
  uses_[Index(use)].fetch_sub(bytes, std::memory_order_relaxed);
  total_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace headrace
