#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "headrace/handler.h"

namespace headrace {

// What a keeper's handler may do beside. The context that its Run is given is one, so it may cast.
class KeeperContext : public Context {
 public:
  // What its program said on standard error, for the service's log: bytes as they came, any of
  // them. The service ends an executor that sends more than kMaxJobStderr in one job.
  virtual void Stderr(std::string_view text) = 0;

  // What its program used since the last call, or since it has begun, and its largest resident
  // memory; for one that lives on after the job, whose use the kernel tells the service only when
  // it has ended. Before Run returns; kMaxJobUsages times a job at most.
  virtual void Usage(std::chrono::nanoseconds cpu, std::uint64_t peak_memory) = 0;

  // AddPart for bytes that come in pieces: returns a descriptor to which exactly `size` bytes are
  // to be written, or -1 if the job is over. It belongs to the context, which closes it. Throws
  // std::invalid_argument for a bad name or media type, as AddPart does. Until ClosePart no other
  // part can be added; a handler that cannot fill the part returns a failure.
  [[nodiscard]] virtual int OpenPart(std::string_view name, std::string_view media_type,
                                     std::uint64_t size) = 0;
  // The part is written; `crc` is the CRC-32 of its bytes. False if the job is over.
  [[nodiscard]] virtual bool ClosePart(std::uint32_t crc) = 0;
};

// The executor's side of its job.
class ExecutorContext final : public KeeperContext {
 public:
  using SteadyTimePoint = std::chrono::steady_clock::time_point;

  explicit ExecutorContext(SteadyTimePoint deadline) : deadline_(deadline) {}

  // Whoever cancels a job ends its executor; what is left to see here is the deadline, and for a
  // keeper, which ends by itself, that the service takes nothing more.
  [[nodiscard]] bool Cancelled() const override {
    return lost_ || std::chrono::steady_clock::now() >= deadline_;
  }
  [[nodiscard]] SteadyTimePoint Deadline() const override { return deadline_; }

  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override;
  [[nodiscard]] std::optional<std::uint32_t> NextTask(std::uint32_t count) override;
  void Progress(std::uint32_t done, std::uint32_t total) override;

  void Stderr(std::string_view text) override;
  void Usage(std::chrono::nanoseconds cpu, std::uint64_t peak_memory) override;
  [[nodiscard]] int OpenPart(std::string_view name, std::string_view media_type,
                             std::uint64_t size) override;
  [[nodiscard]] bool ClosePart(std::uint32_t crc) override;

  [[nodiscard]] std::uint32_t parts() const { return parts_; }

 private:
  bool ReceiveTask();
  bool KeepTask();
  UniqueFd AskForPart(std::string_view name, std::string_view media_type, std::uint64_t size);
  bool SendThroughMemfd(std::string_view name, std::string_view media_type,
                        std::span<const std::byte> bytes);

  const SteadyTimePoint deadline_;
  std::uint32_t parts_ = 0;
  UniqueFd part_;                    // that is open
  std::deque<std::uint32_t> tasks_;  // that it was told, kNoTask at their end
  bool lost_ = false;
  bool told_last_ = false;
  SteadyTimePoint progress_after_;  // not before this
};

}  // namespace headrace
