#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/fd.h"
#include "base/ledger.h"

namespace headrace {

// Immutable bytes that are stored once and shared: a request's body, or one part of a result. They
// lie either in memory or in a file: a sealed memfd, or one without a name on a disk. Copies share
// the storage; the last one frees it. Thread-safe after construction.
class Payload {
 public:
  Payload() = default;  // empty

  // Takes the string over.
  static Payload FromString(std::string bytes);
  // Takes over a memfd whose first `size` bytes are the payload and which nobody writes any more.
  static Payload FromMemfd(UniqueFd memfd, std::size_t size);
  // The same for a file without a name that is this process' alone.
  static Payload FromFile(UniqueFd file, std::size_t size) {
    return FromMemfd(std::move(file), size);
  }

  // Ties the charge to the bytes: it is freed with the last of this payload's copies. Not
  // thread-safe; copies made before do not hold it. No effect on an empty payload.
  void Hold(Ledger::Charge charge);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool InMemfd() const;

  // The memfd, or -1 where the bytes lie in memory. Owned by the payload.
  [[nodiscard]] int memfd() const;

  // The bytes; a memfd is mapped read-only at the first call (thread-safe) and stays so. Empty on a
  // failed map only if the payload is empty; else throws std::bad_alloc.
  [[nodiscard]] std::span<const std::byte> Bytes() const;

  // A sealed memfd with the bytes, of its own (the payload's is duplicated, memory is copied).
  [[nodiscard]] Expected<UniqueFd> ToMemfd() const;

 private:
  struct Storage;
  std::shared_ptr<const Storage> storage_;
  std::size_t size_ = 0;
};

}  // namespace headrace
