#include <algorithm>

#include "http/edge/connection.h"

namespace headrace {
namespace {

constexpr std::chrono::seconds kLingerTime{5};
// Once the listener is closed: how long a connection that was just made, or has just had its
// answer, may still bring the request that its client had under way.
constexpr std::chrono::milliseconds kLastRequest{500};

}  // namespace

void Connection::OnTick(SteadyTime now) {
  switch (state_) {
    case State::kHead:
      CheckHead(now);
      return;
    case State::kBody:
      CheckRate(now);
      return;
    case State::kStream:
      CheckClient();
      CheckStall(now);
      return;
    case State::kWriting:
      CheckStall(now);
      return;
    case State::kDiscard:
      if (now - since_ > options_.body_timeout) Close();
      return;
    case State::kLinger:
      if (now - since_ > kLingerTime) Close();
      return;
    case State::kBusy:  // the job has its own deadline
      CheckClient();
      return;
    case State::kClosed:
      return;
  }
}

void Connection::CheckHead(SteadyTime now) {
  const bool idle = parser_.Untouched() && !waits_for_turn_;
  const bool ending =
      idle && now - since_ > kLastRequest && edge_.ending.load(std::memory_order_relaxed);
  if (ending || (idle && now - since_ > options_.idle_timeout)) {
    Close();
  } else if (!idle && now - since_ > options_.header_timeout) {
    RespondError({ErrorCode::kRequestTimeout, "", "the request's head took too long", "", 0});
  }
}

void Connection::CheckRate(SteadyTime now) {
  if (now >= exchange_.body_deadline) {
    return RespondError({ErrorCode::kRequestTimeout, "upload-deadline",
                         "the request's deadline passed before its body had come", "", 0});
  }
  const Seconds window = now - since_;
  if (window <= options_.body_timeout) return;
  const double wanted = static_cast<double>(options_.min_body_rate) * window.count();
  if (received_ == 0 || static_cast<double>(received_) < wanted) {
    RespondError({ErrorCode::kRequestTimeout, "", "the request's body came too slowly", "", 0});
    return;
  }
  since_ = now;
  received_ = 0;
}

// While nothing is read the end of the connection would not show; nobody wants the answer then.
void Connection::CheckClient() {
  if (paused_ && wire_->ClientLeft()) Close();
}

void Connection::CheckStall(SteadyTime now) {
  if (state_ != State::kStream && state_ != State::kWriting) return;
  if (writer_.AllOut()) {  // a stream that waits for its next piece
    since_ = now;
    taken_before_ = writer_.Taken();
  }
  const Seconds window = now - since_;
  if (window <= options_.write_timeout) return;
  const std::uint64_t taken = std::max(writer_.Taken(), taken_before_) - taken_before_;
  const double wanted = static_cast<double>(options_.min_write_rate) * window.count();
  if (taken == 0 || static_cast<double>(taken) < wanted) {
    Close();
    return;
  }
  since_ = now;
  taken_before_ += taken;
}

}  // namespace headrace
