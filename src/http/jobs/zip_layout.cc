#include "http/jobs/zip_layout.h"

#include <cstddef>

namespace headrace {
namespace {

constexpr std::uint16_t kVersion = 20;          // 2.0
constexpr std::uint16_t kUtf8Names = 1U << 11;  // general purpose flag
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kTime = 0;  // one fixed date, so that equal results are equal files
constexpr std::uint16_t kDate = 1U << 5 | 1U;  // 1980-01-01
constexpr std::uint64_t kMaxSize = 0xFFFFFFFFU;
constexpr std::size_t kMaxEntries = 0xFFFF;
constexpr std::uint32_t kMadeBy = 3U << 8 | kVersion;  // Unix, for the mode below
constexpr std::uint32_t kMode = 0100644U << 16U;

void Put16(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>(value & 0xFFU));
  out.push_back(static_cast<char>(value >> 8U & 0xFFU));
}

void Put32(std::string& out, std::uint32_t value) {
  Put16(out, value & 0xFFFFU);
  Put16(out, value >> 16U);
}

// What a local header and a directory entry have in common.
void PutCommon(std::string& out, const ZipEntry& entry) {
  const auto size = static_cast<std::uint32_t>(entry.size);
  Put16(out, kVersion);
  Put16(out, kUtf8Names);
  Put16(out, kStored);
  Put16(out, kTime);
  Put16(out, kDate);
  Put32(out, entry.crc32);
  Put32(out, size);
  Put32(out, size);
  Put16(out, static_cast<std::uint32_t>(entry.name.size()));
  Put16(out, 0);  // extra field
}

std::string LocalHeader(const ZipEntry& entry) {
  std::string header;
  Put32(header, 0x04034B50);
  PutCommon(header, entry);
  header.append(entry.name);
  return header;
}

void PutDirectoryEntry(std::string& out, const ZipEntry& entry, std::uint64_t offset) {
  Put32(out, 0x02014B50);
  Put16(out, kMadeBy);
  PutCommon(out, entry);
  Put16(out, 0);  // comment
  Put16(out, 0);  // disk
  Put16(out, 0);  // internal attributes
  Put32(out, kMode);
  Put32(out, static_cast<std::uint32_t>(offset));
  out.append(entry.name);
}

void PutEnd(std::string& out, std::size_t entries, std::uint64_t directory_offset) {
  const auto directory_size = static_cast<std::uint32_t>(out.size());
  Put32(out, 0x06054B50);
  Put16(out, 0);
  Put16(out, 0);
  Put16(out, static_cast<std::uint32_t>(entries));
  Put16(out, static_cast<std::uint32_t>(entries));
  Put32(out, directory_size);
  Put32(out, static_cast<std::uint32_t>(directory_offset));
  Put16(out, 0);  // comment
}

Error TooLarge() {
  return {ErrorCode::kHandlerCrashed, "result-too-large",
          "the result does not fit a zip file; ask for fewer pages", "", 0};
}

}  // namespace

Expected<std::string> ZipLayout::Add(const ZipEntry& entry) {
  const bool fits = entries_ < kMaxEntries && entry.size <= kMaxSize && offset_ <= kMaxSize &&
                    entry.name.size() <= 0xFFFF;
  if (!fits) return TooLarge();
  PutDirectoryEntry(directory_, entry, offset_);
  ++entries_;
  std::string header = LocalHeader(entry);
  offset_ += header.size() + entry.size;
  return header;
}

Expected<std::string> ZipLayout::Finish() {
  if (offset_ + directory_.size() > kMaxSize) return TooLarge();
  PutEnd(directory_, entries_, offset_);
  return std::move(directory_);
}

}  // namespace headrace
