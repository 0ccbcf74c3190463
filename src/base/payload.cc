#include "base/payload.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <utility>

#include "base/memfd.h"

namespace headrace {

struct Payload::Storage {
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage() {
    if (mapped != nullptr) munmap(mapped, mapped_size);
  }

  std::string memory;
  UniqueFd memfd;
  std::size_t mapped_size = 0;
  mutable std::once_flag map_once;
  mutable void* mapped = nullptr;
};

Payload Payload::FromString(std::string bytes) {
  Payload payload;
  if (bytes.empty()) return payload;
  auto storage = std::make_shared<Storage>();
  payload.size_ = bytes.size();
  storage->memory = std::move(bytes);
  payload.storage_ = std::move(storage);
  return payload;
}

Payload Payload::FromMemfd(UniqueFd memfd, std::size_t size) {
  Payload payload;
  auto storage = std::make_shared<Storage>();
  storage->memfd = std::move(memfd);
  storage->mapped_size = size;
  payload.storage_ = std::move(storage);
  payload.size_ = size;
  return payload;
}

void Payload::Hold(Ledger::Charge charge) {
  if (!storage_) return;
  struct Held {
    std::shared_ptr<const Storage> storage;
    Ledger::Charge charge;
  };
  auto held = std::make_shared<Held>(Held{std::move(storage_), std::move(charge)});
  const Storage* const storage = held->storage.get();
  storage_ = std::shared_ptr<const Storage>(std::move(held), storage);
}

std::size_t Payload::size() const { return size_; }

bool Payload::InMemfd() const { return memfd() >= 0; }

int Payload::memfd() const { return storage_ ? storage_->memfd.get() : -1; }

std::span<const std::byte> Payload::Bytes() const {
  if (size_ == 0) return {};
  if (!storage_->memfd) return std::as_bytes(std::span(storage_->memory));
  std::call_once(storage_->map_once, [this] {
    void* const address =
        mmap(nullptr, storage_->mapped_size, PROT_READ, MAP_SHARED, storage_->memfd.get(), 0);
    if (address == MAP_FAILED) throw std::bad_alloc();
    storage_->mapped = address;
  });
  return {static_cast<const std::byte*>(storage_->mapped), size_};
}

Expected<UniqueFd> Payload::ToMemfd() const {
  if (InMemfd()) {
    UniqueFd copy(fcntl(memfd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return OutOfMemory("dup");
    return copy;
  }
  UniqueFd fd(memfd_create("headrace-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || !WriteAll(fd.get(), Bytes())) return OutOfMemory("payload memfd");
  if (!SealForever(fd.get())) return OutOfMemory("seal");
  return fd;
}

}  // namespace headrace
