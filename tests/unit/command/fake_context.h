#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "handler/executor/executor_context.h"
#include "handler/frames/part_check.h"

namespace headrace::testing_support {

struct FakePart {
  std::string name;
  std::string media_type;
  std::string bytes;
  bool operator==(const FakePart&) const = default;
};

// The service's side of a job, as far as keepers see it.
class FakeContext final : public KeeperContext {
 public:
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    CheckPart(name, media_type);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    parts.push_back({std::string(name), std::string(media_type), std::string(text)});
    return true;
  }
  void Stderr(std::string_view text) override {
    most_at_once = std::max(most_at_once, text.size());
    errors += text;
    if (on_stderr) on_stderr();
  }
  void Usage(std::chrono::nanoseconds /*cpu*/, std::uint64_t /*peak_memory*/) override {}
  [[nodiscard]] int OpenPart(std::string_view name, std::string_view media_type,
                             std::uint64_t size) override {
    CheckPart(name, media_type);
    if (size > largest_part) return -1;
    parts.push_back({std::string(name), std::string(media_type), std::string(size, '\0')});
    part_.reset(memfd_create("part", MFD_CLOEXEC));
    return ftruncate(part_.get(), static_cast<off_t>(size)) == 0 ? part_.get() : -1;
  }
  [[nodiscard]] bool ClosePart(std::uint32_t crc) override {
    std::string& bytes = parts.back().bytes;
    const ssize_t size = pread(part_.get(), bytes.data(), bytes.size(), 0);
    return size == static_cast<ssize_t>(bytes.size()) &&
           crc == Crc32(std::as_bytes(std::span(bytes)));
  }

  std::vector<FakePart> parts;
  std::string errors;
  std::function<void()> on_stderr;
  std::size_t most_at_once = 0;
  std::uint64_t largest_part = std::uint64_t{1} << 30U;

 private:
  UniqueFd part_;
};

}  // namespace headrace::testing_support
