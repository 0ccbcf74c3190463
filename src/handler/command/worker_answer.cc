#include "handler/command/worker_answer.h"

#include "base/memfd.h"
#include "handler/command/program_setting.h"
#include "handler/frames/frames.h"
#include "handler/frames/part_check.h"

namespace headrace {
namespace {

Failure::Kind KindOf(std::uint16_t status) {
  switch (status) {
    case 422:
      return Failure::Kind::kBadPayload;
    case 503:
      return Failure::Kind::kRetry;
    default:
      return Failure::Kind::kInternal;
  }
}

const char* TypeOf(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kBadPayload:
      return "command-refused";
    case Failure::Kind::kRetry:
      return "command-unavailable";
    default:
      return "command-failed";
  }
}

const char* HintOf(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kBadPayload:
      return "the program that does this work refuses the payload or its parameters";
    case Failure::Kind::kRetry:
      return "the program that does this work cannot do it at the moment; try again later";
    default:
      return "the program that does this work failed";
  }
}

}  // namespace

void WorkerAnswer::Begin(KeeperContext* context) {
  context_ = context;
  ended_ = false;
  lost_ = false;
  failure_.reset();
}

void WorkerAnswer::OnPart(const WorkerPart& part) {
  crc_ = 0;
  descriptor_ = -1;
  gathered_.clear();
  name_ = part.name;
  media_type_ = part.media_type;
  if (lost_ || part.size <= kMaxInlinePart) return;
  descriptor_ = context_->OpenPart(name_, media_type_, part.size);
  lost_ = descriptor_ < 0;
}

void WorkerAnswer::OnPartBytes(std::span<const std::byte> bytes) {
  if (lost_) return;
  if (descriptor_ < 0) {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    return;
  }
  crc_ = Crc32(bytes, crc_);
  lost_ = !WriteAll(descriptor_, bytes);
}

void WorkerAnswer::OnPartEnd() {
  if (lost_) return;
  lost_ = descriptor_ < 0 ? !context_->AddPart(name_, media_type_, gathered_)
                          : !context_->ClosePart(crc_);
}

void WorkerAnswer::OnProgress(std::uint32_t done, std::uint32_t total) {
  context_->Progress(done, total);
}

void WorkerAnswer::OnFailure(const WorkerFailure& failure) {
  ended_ = true;
  Failure told;
  told.kind = KindOf(failure.status);
  told.type = TypeOf(told.kind);
  told.hint = PlainText(failure.hint, kMaxFailureHint);
  if (told.hint.empty()) told.hint = HintOf(told.kind);
  told.detail = PlainText(failure.detail, kMaxFailureDetail);
  failure_ = std::move(told);
}

}  // namespace headrace
