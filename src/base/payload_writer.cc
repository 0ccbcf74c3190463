#include "base/payload_writer.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <span>
#include <utility>

#include "base/memfd.h"

namespace headrace {

void PayloadWriter::Expect(std::uint64_t size) {
  if (size <= kMostInMemory) memory_.reserve(static_cast<std::size_t>(size));
}

Status PayloadWriter::Append(std::string_view bytes) {
  if (!memfd_ && size_ + bytes.size() > kMostInMemory) {
    if (auto spilled = Spill(); !spilled) return spilled;
  }
  if (!memfd_) {
    memory_.append(bytes);
  } else if (!WriteAll(memfd_.get(), std::as_bytes(std::span(bytes)))) {
    return OutOfMemory("payload memfd");
  }
  size_ += bytes.size();
  return Ok();
}

Status PayloadWriter::Spill() {
  memfd_.reset(memfd_create("headrace-upload", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memfd_ || !WriteAll(memfd_.get(), std::as_bytes(std::span(std::string_view(memory_))))) {
    return OutOfMemory("payload memfd");
  }
  memory_ = std::string();
  return Ok();
}

Expected<Payload> PayloadWriter::Finish() {
  const std::size_t size = std::exchange(size_, 0);
  if (!memfd_) {
    memory_.shrink_to_fit();
    return Payload::FromString(std::exchange(memory_, std::string()));
  }
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (fcntl(memfd_.get(), F_ADD_SEALS, kSeals) != 0) return OutOfMemory("seal");
  return Payload::FromMemfd(std::move(memfd_), size);
}

}  // namespace headrace
