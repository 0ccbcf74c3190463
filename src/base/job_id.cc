#include "base/job_id.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace headrace {
namespace {

// Random bytes of the kernel, fetched 512 at a time: a system call per id would cost more than the id.
class RandomBytes {
 public:
  std::uint8_t Next() {
    if (used_ == pool_.size()) Refill();
    return pool_[used_++];
  }

 private:
  void Refill() {
    // Up to 256 bytes arrive whole and uninterrupted (getrandom(2)).
    for (std::size_t at = 0; at < pool_.size(); at += 256) {
      if (getrandom(pool_.data() + at, 256, 0) != 256) std::abort();
    }
    used_ = 0;
  }

  std::array<std::uint8_t, 512> pool_{};
  std::size_t used_ = pool_.size();
};

RandomBytes& ThreadRandom() {
  thread_local RandomBytes random;
  return random;
}

}  // namespace

std::string NewJobId() {
  static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  constexpr std::size_t kTimeDigits = 10;
  std::string id(30, '0');
  auto time = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count());
  for (std::size_t i = kTimeDigits; i-- > 0; time >>= 5) id[i] = kDigits[time & 31U];
  RandomBytes& random = ThreadRandom();
  for (char& digit : std::span(id).subspan(kTimeDigits)) digit = kDigits[random.Next() & 31U];
  return id;
}

std::string RandomHex(int count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex(static_cast<std::size_t>(count), '0');
  RandomBytes& random = ThreadRandom();
  for (char& digit : hex) digit = kDigits[random.Next() & 15U];
  return hex;
}

}  // namespace headrace
