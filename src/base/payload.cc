#include "base/payload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>

namespace headrace {

struct Payload::Storage {
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage() {
    if (mapped != nullptr) munmap(mapped, mapped_size);
  }

  std::shared_ptr<const std::string> memory;
  UniqueFd memfd;
  std::size_t mapped_size = 0;
  mutable std::once_flag map_once;
  mutable void* mapped = nullptr;
};

Payload Payload::FromString(std::string bytes) {
  auto shared = std::make_shared<const std::string>(std::move(bytes));
  const std::size_t length = shared->size();
  return FromString(std::move(shared), 0, length);
}

Payload Payload::FromString(std::shared_ptr<const std::string> bytes, std::size_t offset,
                            std::size_t length) {
  Payload payload;
  if (length == 0) return payload;
  auto storage = std::make_shared<Storage>();
  storage->memory = std::move(bytes);
  payload.storage_ = std::move(storage);
  payload.offset_ = offset;
  payload.size_ = length;
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
  if (storage_->memory) {
    return std::as_bytes(std::span(storage_->memory->data() + offset_, size_));
  }
  std::call_once(storage_->map_once, [this] {
    void* const address =
        mmap(nullptr, storage_->mapped_size, PROT_READ, MAP_SHARED, storage_->memfd.get(), 0);
    if (address == MAP_FAILED) throw std::bad_alloc();
    storage_->mapped = address;
  });
  return {static_cast<const std::byte*>(storage_->mapped), size_};
}

namespace {

Error OutOfMemory(const char* what) {
  return Error{ErrorCode::kUnavailable, "out-of-resources",
               "the service is short of memory or descriptors; try again later",
               fmt::format("{}: {}", what, std::strerror(errno)), 1};
}

bool WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Expected<UniqueFd> Payload::ToMemfd() const {
  if (InMemfd()) {
    UniqueFd copy(fcntl(memfd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return OutOfMemory("dup");
    return copy;
  }
  UniqueFd fd(memfd_create("headrace-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || !WriteAll(fd.get(), Bytes())) return OutOfMemory("payload memfd");
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return OutOfMemory("seal");
  }
  return fd;
}

Expected<UniqueFd> MakeSizedMemfd(const char* name, std::size_t size) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return OutOfMemory("memfd");
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return OutOfMemory("seal");
  }
  return fd;
}

}  // namespace headrace
