#pragma once

#include <atomic>
#include <cstddef>

namespace headrace {

// What all connections of a server hold of requests that nobody works on yet: heads, and what
// clients have sent ahead. Thread-safe.
class HeldBytes {
 public:
  static constexpr std::size_t kMost = std::size_t{64} << 20;  // of all together
  static constexpr std::size_t kFree = 8192;                   // of one connection: not counted

  // One connection's part, given back with it. Used by one thread at a time.
  class Share {
   public:
    explicit Share(HeldBytes& all) : all_(all) {}
    ~Share() { Set(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // It holds so many now. False: that is more than it did, and all together hold too much.
    bool Set(std::size_t bytes) {
      const std::size_t counted = bytes > kFree ? bytes : 0;
      if (counted == bytes_) return true;
      const bool more = counted > bytes_;
      const std::size_t change = counted - bytes_;  // modulo 2^64, as the sum
      bytes_ = counted;
      const std::size_t sum = all_.sum_.fetch_add(change, std::memory_order_relaxed) + change;
      return !more || sum <= kMost;
    }

   private:
    HeldBytes& all_;
    std::size_t bytes_ = 0;
  };

 private:
  std::atomic<std::size_t> sum_{0};
};

}  // namespace headrace
