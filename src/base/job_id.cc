#include "base/job_id.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace headrace {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeDigits = 10;
constexpr std::size_t kRandomDigits = 20;
constexpr std::size_t kIdLength = kTimeDigits + kRandomDigits + 2;

constexpr std::uint8_t kNoDigit = 0xff;
// What a character is worth as a digit. A table: every look at a job begins with its id.
constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::uint8_t ValueOf(char digit) { return kValues[static_cast<unsigned char>(digit)]; }

// Random bytes of the kernel, fetched 512 at a time: a system call per id would cost more than the
// id.
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

std::string NewJobId(std::size_t queue) {
  std::string id(kIdLength, '0');
  auto time = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count());
  for (std::size_t i = kTimeDigits; i-- > 0; time >>= 5) id[i] = kDigits[time & 31U];
  RandomBytes& random = ThreadRandom();
  for (char& digit : std::span(id).subspan(kTimeDigits, kRandomDigits)) {
    digit = kDigits[random.Next() & 31U];
  }
  id[kIdLength - 2] = kDigits[(queue >> 5) & 31U];
  id[kIdLength - 1] = kDigits[queue & 31U];
  return id;
}

std::optional<std::size_t> QueueOfJobId(std::string_view id) {
  if (id.size() != kIdLength) return std::nullopt;
  for (const char digit : id) {
    if (ValueOf(digit) == kNoDigit) return std::nullopt;
  }
  return std::size_t{ValueOf(id[kIdLength - 2])} << 5U | ValueOf(id[kIdLength - 1]);
}

UtcTime TimeOfJobId(std::string_view id) {
  if (!QueueOfJobId(id)) return {};
  std::int64_t time = 0;
  for (const char digit : id.substr(0, kTimeDigits)) {
    time = time << 5 | ValueOf(digit);
  }
  return UtcTime(std::chrono::milliseconds(time));
}

std::string RandomHex(int count) {
  std::string hex(static_cast<std::size_t>(count), '0');
  FillRandomHex(hex);
  return hex;
}

void FillRandomHex(std::span<char> digits) {
  static constexpr char kHex[] = "0123456789abcdef";
  RandomBytes& random = ThreadRandom();
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::uint8_t byte = random.Next();
    digits[i] = kHex[byte & 15U];
    if (i + 1 < digits.size()) digits[i + 1] = kHex[byte >> 4U];
  }
}

}  // namespace headrace
