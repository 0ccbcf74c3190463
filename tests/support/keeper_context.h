#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/memfd.h"
#include "handler/executor/executor_context.h"
#include "handler/frames/part_check.h"

namespace headrace {

// A keeper's side of the service that keeps what it is told.
class KeeperContextFake final : public KeeperContext {
 public:
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::now() + std::chrono::seconds(30);
  }

  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    CheckPart(name, media_type);
    if (!takes_parts) return false;
    parts.emplace_back(name,
                       std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return true;
  }

  [[nodiscard]] int OpenPart(std::string_view name, std::string_view media_type,
                             std::uint64_t size) override {
    CheckPart(name, media_type);
    if (!takes_parts) return -1;
    auto memfd = MakeSizedMemfd("part", size);
    if (!memfd) return -1;
    open_ = *std::move(memfd);
    open_name_ = name;
    open_size_ = size;
    return open_.get();
  }

  [[nodiscard]] bool ClosePart(std::uint32_t crc) override {
    std::string bytes(open_size_, '\0');
    // All of it was written, and not a byte more.
    EXPECT_EQ(lseek(open_.get(), 0, SEEK_CUR), static_cast<off_t>(open_size_));
    EXPECT_EQ(pread(open_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(Crc32(std::as_bytes(std::span(bytes))), crc);
    parts.emplace_back(open_name_, std::move(bytes));
    open_.reset();
    ++streamed;
    return true;
  }

  void Progress(std::uint32_t done, std::uint32_t total) override {
    progress.emplace_back(done, total);
    if (on_progress) on_progress();
  }
  void Stderr(std::string_view text) override { log += text; }
  void Usage(std::chrono::nanoseconds cpu, std::uint64_t peak_memory) override {
    usage.emplace_back(cpu, peak_memory);
  }

  bool takes_parts = true;
  std::vector<std::pair<std::string, std::string>> parts;
  int streamed = 0;  // parts that were opened
  std::vector<std::pair<std::uint32_t, std::uint32_t>> progress;
  std::function<void()> on_progress;
  std::string log;
  std::vector<std::pair<std::chrono::nanoseconds, std::uint64_t>> usage;

 private:
  UniqueFd open_;
  std::string open_name_;
  std::size_t open_size_ = 0;
};

}  // namespace headrace
