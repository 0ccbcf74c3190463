#include "base/payload_writer.h"

#include <sys/mman.h>

#include <span>
#include <utility>

#include "base/memfd.h"
#include "base/words.h"

namespace headrace {

void PayloadWriter::Expect(std::uint64_t size) {
  if (size <= most_in_memory_) memory_.reserve(static_cast<std::size_t>(size));
}

Status PayloadWriter::Append(std::string_view bytes) {
  if (!memfd_ && size_ + bytes.size() > most_in_memory_) {
    if (auto spilled = Spill(); !spilled) return spilled;
  }
  size_ += bytes.size();
  if (memfd_ && memory_.size() + bytes.size() >= kMostInMemory) {
    if (auto flushed = Flush(); !flushed) return flushed;
    if (bytes.size() >= kMostInMemory / 2) return Write(bytes);
  }
  memory_.append(bytes);
  return Ok();
}

Status PayloadWriter::Spill() {
  memfd_.reset(memfd_create("headrace-upload", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return memfd_ ? Flush() : OutOfMemory("payload memfd");
}

Status PayloadWriter::Flush() {
  auto written = Write(memory_);
  memory_.clear();
  return written;
}

Status PayloadWriter::Write(std::string_view bytes) {
  if (WriteAll(memfd_.get(), std::as_bytes(std::span(bytes)))) return Ok();
  return OutOfMemory("payload memfd");
}

Expected<Payload> PayloadWriter::Finish() {
  const std::size_t size = std::exchange(size_, 0);
  if (!memfd_) {
    memory_.shrink_to_fit();
    return Payload::FromString(std::exchange(memory_, std::string()));
  }
  auto flushed = Flush();
  FreeMemory(memory_);
  if (!flushed) return std::move(flushed).error();
  if (!SealForever(memfd_.get())) return OutOfMemory("seal");
  return Payload::FromMemfd(std::move(memfd_), size);
}

}  // namespace headrace
