#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "handler/command/worker_frames.h"
#include "handler/executor/executor_context.h"
#include "headrace/result.h"

namespace headrace {

// What a worker of `protocol: frames` says of one job, passed on to the service as it comes. Parts
// that fit the service's frames are gathered, longer ones go straight into the service's memory.
// Single-threaded.
class WorkerAnswer final : public WorkerListener {
 public:
  // Of the job that begins now; nullptr: there is none yet.
  void Begin(KeeperContext* context);

  [[nodiscard]] bool ready() const { return ready_; }
  // The worker has ended the job.
  [[nodiscard]] bool ended() const { return ended_; }
  // The service takes nothing more of it.
  [[nodiscard]] bool lost() const { return lost_; }
  // Once it has ended: nothing on success.
  [[nodiscard]] std::optional<Failure> TakeFailure() { return std::exchange(failure_, {}); }

  void OnReady() override { ready_ = true; }
  void OnPart(const WorkerPart& part) override;
  void OnPartBytes(std::span<const std::byte> bytes) override;
  void OnPartEnd() override;
  void OnProgress(std::uint32_t done, std::uint32_t total) override;
  void OnDone() override { ended_ = true; }
  void OnFailure(const WorkerFailure& failure) override;

 private:
  KeeperContext* context_ = nullptr;
  bool ready_ = false;
  bool ended_ = false;
  bool lost_ = false;
  std::optional<Failure> failure_;

  // The part under way.
  int descriptor_ = -1;  // where a long one goes
  std::uint32_t crc_ = 0;
  std::string name_;
  std::string media_type_;
  std::vector<std::byte> gathered_;  // a short one
};

}  // namespace headrace
