#include "handler/pool/part_collector.h"

#include <utility>

#include "base/memfd.h"

namespace headrace {

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
  open.charge = result_.store().Reserve(request.size);
  const int fd = open.memfd.get();
  open_.emplace(std::move(open));
  return fd;
}

Status PartCollector::Complete(std::optional<std::uint32_t> task, std::uint32_t crc) {
  OpenPart open = std::move(*open_);
  open_.reset();
  open.part.crc32 = crc;
  auto bytes =
      result_.store().WithinDescriptors(Payload::FromMemfd(std::move(open.memfd), open.size));
  if (!bytes) return std::move(bytes).error();
  open.part.bytes = *std::move(bytes);
  ++count_;
  open.charge.Free();  // from here on the result accounts for it
  result_.Add(task, std::move(open.part));
  return Ok();
}

}  // namespace headrace
