#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace headrace {

// What a byte in the ledger is held for.
enum class MemoryUse { kUploads, kPayloads, kResults };
inline constexpr std::size_t kMemoryUses = 3;

// Counts the bytes of uploads, payloads and results against one budget. Never blocks: over budget
// is an answer. Thread-safe. Charges refer to the ledger and must not outlive it.
class Ledger {
 public:
  // A held amount; gives it back when destroyed. Move-only; not thread-safe itself.
  class Charge {
   public:
    Charge() = default;
    Charge(Charge&& other) noexcept
        : ledger_(std::exchange(other.ledger_, nullptr)),
          use_(other.use_),
          bytes_(std::exchange(other.bytes_, 0)) {}
    Charge& operator=(Charge&& other) noexcept;
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;
    ~Charge() { Free(); }

    // Holds `bytes` more; false (and unchanged) if the budget does not allow it.
    [[nodiscard]] bool Grow(std::size_t bytes);
    // The same for bytes that exist already, over the budget too.
    void GrowAnyway(std::size_t bytes);
    // Gives back what is held beyond `bytes`.
    void ShrinkTo(std::size_t bytes);
    // The same bytes, now held for something else.
    void MoveTo(MemoryUse use);
    void Free();
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

   private:
    friend class Ledger;
    Charge(Ledger* ledger, MemoryUse use) : ledger_(ledger), use_(use) {}
    Ledger* ledger_ = nullptr;
    MemoryUse use_ = MemoryUse::kUploads;
    std::size_t bytes_ = 0;
  };

  explicit Ledger(std::uint64_t budget) : budget_(budget) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Holds `bytes`, or nothing if that would exceed the budget.
  [[nodiscard]] std::optional<Charge> TryCharge(MemoryUse use, std::size_t bytes);

  // Holds bytes that exist already, over the budget too: others are refused until they are gone.
  [[nodiscard]] Charge ChargeAnyway(MemoryUse use, std::size_t bytes);

  // Whether `bytes` more would be within the budget now. Reserves nothing.
  [[nodiscard]] bool HasRoomFor(std::uint64_t bytes) const;

  [[nodiscard]] std::uint64_t budget() const { return budget_; }
  [[nodiscard]] std::uint64_t Used(MemoryUse use) const;
  [[nodiscard]] std::uint64_t Used() const { return total_.load(std::memory_order_relaxed); }

 private:
  bool Take(MemoryUse use, std::size_t bytes);
  void Give(MemoryUse use, std::size_t bytes);

  const std::uint64_t budget_;
  std::atomic<std::uint64_t> total_{0};
  std::array<std::atomic<std::uint64_t>, kMemoryUses> uses_{};
};

}  // namespace headrace
