#include "handler/part_collector.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/memfd.h"

namespace headrace {
namespace {

// Smaller parts do not keep a descriptor busy while their answer is written.
constexpr std::size_t kLeastMemfd = std::size_t{64} << 10U;
// Nor do any below this size, which budgets of memory bound well enough, once parts have their
// share of the process's descriptors.
constexpr std::size_t kLeastAlways = std::size_t{1} << 20U;
constexpr rlim_t kShare = 8;

// Counts the parts that keep one: descriptors are the whole process's, and so is this.
Ledger& DescriptorsOfParts() {
  static Ledger descriptors(UINT64_MAX);
  return descriptors;
}

bool MayKeepDescriptor(std::size_t size) {
  if (size < kLeastMemfd) return false;
  rlimit limit{};
  if (size >= kLeastAlways || getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  return DescriptorsOfParts().Used() < limit.rlim_cur / kShare;
}

Expected<Payload> ReadAll(int memfd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(memfd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return Error{ErrorCode::kInternal, "internal", "the result could not be read",
                   fmt::format("memfd: {}", std::strerror(errno))};
    }
    done += static_cast<std::size_t>(got);
  }
  return Payload::FromString(std::move(bytes));
}

}  // namespace

Status PartCollector::Add(std::optional<std::uint32_t> task, const PartFrame& frame) {
  if (Status charged = result_.Charge(frame.bytes.size()); !charged) return charged;
  const auto* const text = reinterpret_cast<const char*>(frame.bytes.data());
  ++count_;
  result_.Add(task, {std::string(frame.name), std::string(frame.media_type),
                     Payload::FromString(std::string(text, frame.bytes.size())), frame.crc});
  return Ok();
}

Expected<int> PartCollector::Open(const PartRequestFrame& request) {
  if (Status charged = result_.Charge(request.size); !charged) return std::move(charged).error();
  auto memfd = MakeSizedMemfd("headrace-part", request.size);
  if (!memfd) return std::move(memfd).error();
  OpenPart open;
  open.part.name = request.name;
  open.part.media_type = request.media_type;
  open.memfd = std::move(*memfd);
  open.size = request.size;
  open.charge = result_.Reserve(request.size);
  const int fd = open.memfd.get();
  open_.emplace(std::move(open));
  return fd;
}

Status PartCollector::Complete(std::optional<std::uint32_t> task, std::uint32_t crc) {
  OpenPart open = std::move(*open_);
  open_.reset();
  open.part.crc32 = crc;
  if (MayKeepDescriptor(open.size)) {
    open.part.bytes = Payload::FromMemfd(std::move(open.memfd), open.size);
    open.part.bytes.Hold(DescriptorsOfParts().ChargeAnyway(MemoryUse::kResults, 1));
  } else {
    auto bytes = ReadAll(open.memfd.get(), open.size);
    if (!bytes) return std::move(bytes).error();
    open.part.bytes = std::move(*bytes);
  }
  ++count_;
  open.charge.Free();  // from here on the result accounts for it
  result_.Add(task, std::move(open.part));
  return Ok();
}

}  // namespace headrace
