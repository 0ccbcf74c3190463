#include "http/jobs/job_upload.h"

#include <span>
#include <utility>

namespace headrace {
namespace {

constexpr std::size_t kMostFieldBytes = std::size_t{64} << 10;  // names and values of a form
constexpr std::string_view kFileField = "file";                 // is the file even without a name

}  // namespace

JobUpload::JobUpload(JobService& service, QueueIndex queue, std::optional<std::uint64_t> length)
    : service_(service), queue_(queue), length_(length), params_(*service.queues()[queue].handler) {
  if (length) payload_.Expect(*length);
}

void JobUpload::ReadForm(const std::string& boundary) {
  form_ = std::make_unique<FormReader>(boundary, static_cast<FormSink&>(*this));
}

Status JobUpload::Write(std::string_view bytes) {
  received_ += bytes.size();
  if (auto charged = service_.ChargeUpload(queue_, received_, length_, charge_); !charged) {
    return charged;
  }
  return form_ ? form_->Feed(bytes) : Append(bytes);
}

void JobUpload::SetKey(std::string key) {
  key_ = std::move(key);
  digest_.emplace();
}

Status JobUpload::Append(std::string_view bytes) {
  if (digest_) digest_->Add(bytes);
  return payload_.Append(bytes);
}

// The params stand in the order of their names, each with a NUL behind, which neither has.
std::optional<IdempotencyKey> JobUpload::TakeKey() {
  if (!digest_) return std::nullopt;
  Sha256 all;
  const Sha256Digest payload = digest_->Finish();
  all.Add(std::as_bytes(std::span(payload)));
  for (const auto& [name, value] : params_.raw().params) {
    all.Add(std::string(name) + '\0' + value + '\0');
  }
  return IdempotencyKey{std::move(key_), all.Finish()};
}

Status JobUpload::OnPart(FormPart part) {
  if (auto ended = EndField(); !ended) return ended;
  in_file_ = part.is_file || part.name == kFileField;
  if (!in_file_) {
    field_bytes_ += part.name.size();
    field_ = std::move(part.name);
    return Ok();
  }
  media_type_ = part.media_type;
  if (!std::exchange(had_file_, true)) return service_.CheckType(queue_, part.media_type);
  return Error{ErrorCode::kUnprocessable, "several-files",
               "the form has more than one file; send one job per file", "", 0};
}

Status JobUpload::OnPartBytes(std::string_view bytes) {
  if (in_file_) return Append(bytes);
  value_ += bytes;
  field_bytes_ += bytes.size();
  if (field_bytes_ <= kMostFieldBytes) return Ok();
  return Error{ErrorCode::kPayloadTooLarge, "form-too-large",
               "the form's fields are too long; only its file may be large", "", 0};
}

Status JobUpload::EndField() {
  auto name = std::exchange(field_, std::nullopt);
  std::string value = std::exchange(value_, std::string());
  return name ? params_.AddField(*std::move(name), std::move(value)) : Ok();
}

Expected<Submission> JobUpload::Finish() {
  if (form_) {
    if (auto ended = form_->Finish(); !ended) return std::move(ended).error();
    if (auto ended = EndField(); !ended) return std::move(ended).error();
  }
  auto payload = payload_.Finish();
  if (!payload) return std::move(payload).error();
  charge_.ShrinkTo(payload->size());
  Submission submission;
  submission.queue = queue_;
  submission.payload = *std::move(payload);
  submission.media_type = std::move(media_type_);
  submission.charge = std::move(charge_);
  submission.wait = wait_;
  submission.caller = caller_.get();
  submission.webhook_url = std::move(webhook_url_);
  submission.client_place = std::move(place_);
  return submission;
}

}  // namespace headrace
