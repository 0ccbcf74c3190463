#include "handler/command/program_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/memfd.h"
#include "handler/command/folder_tree.h"
#include "handler/command/program_setting.h"
#include "handler/frames/frames.h"
#include "handler/frames/part_check.h"

namespace headrace {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10U;
constexpr std::size_t kLongestShown = 200;

// By extension, in lower case. What programs make, not all that there is.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kMediaTypes{{
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"csv", "text/csv"},
    {"css", "text/css"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
}};

Failure Unusable(std::string detail) {
  return {Failure::Kind::kInternal, "command-failed", "the command's result cannot be used",
          std::move(detail)};
}

// The next bytes at `offset`; less than wanted only at the end of the file.
bool ReadAt(int file, std::uint64_t offset, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return true;
}

// A part that is being copied from a file. Read, never mapped: a file that shrank would kill.
class PartCopy {
 public:
  PartCopy(std::string_view name, std::string_view type, KeeperContext& context)
      : name_(name), type_(type), context_(context) {}

  // False: `failure` or, without one, the job is over.
  bool Run(int file) {
    struct stat status {};
    if (fstat(file, &status) != 0) return Fail(std::strerror(errno));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    return size <= kMaxInlinePart ? Inline(file, size) : InPieces(file, size);
  }

  std::optional<Failure> failure;

 private:
  bool Inline(int file, std::uint64_t size) {
    std::array<std::byte, kMaxInlinePart> buffer{};
    const auto bytes = std::span(buffer).first(size);
    if (!ReadAt(file, 0, bytes)) return Fail("it cannot be read");
    return context_.AddPart(name_, type_, bytes);
  }

  bool InPieces(int file, std::uint64_t size) {
    const int part = context_.OpenPart(name_, type_, size);
    if (part < 0) return false;
    std::vector<std::byte> buffer(kPiece);
    std::uint32_t crc = 0;
    for (std::uint64_t offset = 0; offset < size; offset += kPiece) {
      const auto bytes = std::span(buffer).first(std::min<std::uint64_t>(size - offset, kPiece));
      if (!ReadAt(file, offset, bytes)) return Fail("it cannot be read");
      if (!WriteAll(part, bytes)) return Fail("it cannot be copied");
      crc = Crc32(bytes, crc);
    }
    return context_.ClosePart(crc);
  }

  bool Fail(const std::string& reason) {
    failure = Unusable(std::string(name_) + ": " + reason);
    return false;
  }

  const std::string_view name_;
  const std::string_view type_;
  KeeperContext& context_;
};

// The job is over, for a reason that the service knows.
Failure JobIsOver() { return Unusable("the job was over before its result was sent"); }

std::optional<Failure> CollectFile(int file, std::string_view name, std::string_view type,
                                   KeeperContext& context) {
  PartCopy copy(name, type, context);
  if (copy.Run(file)) return std::nullopt;
  return copy.failure ? std::move(copy.failure) : JobIsOver();
}

// Of what may be a part, in order.
std::optional<std::vector<std::string>> VisibleNames(int folder) {
  std::vector<std::string> names;
  const bool read = ForEachName(folder, [&](const char* name, unsigned char) {
    if (name[0] != '.') names.emplace_back(name);
    return true;
  });
  if (!read) return std::nullopt;
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Failure> CollectEntry(int folder, const std::string& name,
                                    const CommandOptions& options, KeeperContext& context) {
  struct stat status {};
  if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return Unusable("output: " + std::string(std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  if (!ValidPartName(name)) {
    return Unusable("the output file '" + PlainText(name, kLongestShown) +
                    "' has no plain name; allowed: letters, digits, '.', '_' and '-'");
  }
  const UniqueFd file = OpenUntrusted(folder, name.c_str(), S_IFREG);
  if (!file) return Unusable("output/" + name + ": " + std::strerror(errno));
  return CollectFile(file.get(), name, MediaTypeOf(name, options.output_type), context);
}

}  // namespace

std::optional<Failure> CollectStandardOutput(int file, const CommandOptions& options,
                                             KeeperContext& context) {
  return CollectFile(file, "output", options.output_type, context);
}

std::optional<Failure> CollectOutputFolder(const Scratch& scratch, const CommandOptions& options,
                                           KeeperContext& context) {
  const UniqueFd folder = OpenUntrusted(scratch.fd(), "output", S_IFDIR);
  if (!folder) return Unusable("the folder {output}: " + std::string(std::strerror(errno)));
  const auto names = VisibleNames(folder.get());
  if (!names) return Unusable("the folder {output}: " + std::string(std::strerror(errno)));
  for (const std::string& name : *names) {
    if (auto failure = CollectEntry(folder.get(), name, options, context)) return failure;
  }
  return std::nullopt;
}

std::string_view MediaTypeOf(std::string_view name, std::string_view otherwise) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return otherwise;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const auto* const found =
      std::find_if(kMediaTypes.begin(), kMediaTypes.end(),
                   [&](const auto& entry) { return entry.first == extension; });
  return found == kMediaTypes.end() ? otherwise : found->second;
}

}  // namespace headrace
