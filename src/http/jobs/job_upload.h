#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ledger.h"
#include "base/payload_writer.h"
#include "http/jobs/params_source.h"
#include "http/message/body_reader.h"
#include "http/message/multipart.h"
#include "net/sha256.h"
#include "service/job_service.h"

namespace headrace {

// A job on its way in: its params, and its payload as the body's bytes come, raw or as a form. The
// bytes are charged to the memory budget as they come and given back with the upload. Used on its
// connection's reactor thread only.
class JobUpload final : public BodySink, private FormSink {
 public:
  // `length`: the body's, where it is known.
  JobUpload(JobService& service, QueueIndex queue, std::optional<std::uint64_t> length);

  // Before the body: it is a form with this boundary.
  void ReadForm(const std::string& boundary);
  // Before the body, which is the payload itself: what its Content-Type says.
  void SetMediaType(std::string_view type) { media_type_ = type; }
  // Before the body: the job has this key, and a digest of its payload and params.
  void SetKey(std::string key);
  [[nodiscard]] const std::string& key() const { return key_; }  // empty: none
  // Before the body: how long the client waits for the outcome (Submission::wait).
  void SetWait(std::optional<std::chrono::milliseconds> wait) { wait_ = wait; }
  // Before the body: who is told of the job's end. It has been checked.
  void SetWebhook(std::string_view url) { webhook_url_ = url; }
  // Before the body: who sends it, alive as long as this; null: nobody is told apart.
  void SetCaller(std::shared_ptr<Caller> caller) { caller_ = std::move(caller); }
  // Before the body: what its client may have under way; goes with the job.
  void SetPlace(std::shared_ptr<void> place) { place_ = std::move(place); }
  [[nodiscard]] bool IsForm() const { return form_ != nullptr; }
  [[nodiscard]] ParamsSource& params() { return params_; }

  // 413 beyond the memory budget, 429 when it is spent; 400, 413, 415 and 422 for what is wrong
  // with a form.
  Status Write(std::string_view bytes) override;

  // The body has ended: the job as far as its body tells, but for its key. Once.
  Expected<Submission> Finish();
  // Then, when all params are there, those that were negotiated among them: the key that was set,
  // with the digest of payload and params; nothing: none was. Once.
  std::optional<IdempotencyKey> TakeKey();

 private:
  Status OnPart(FormPart part) override;
  Status OnPartBytes(std::string_view bytes) override;
  Status EndField();
  Status Append(std::string_view bytes);

  JobService& service_;
  const QueueIndex queue_;
  const std::optional<std::uint64_t> length_;
  ParamsSource params_;
  PayloadWriter payload_;
  std::string media_type_;  // of the payload; may be empty
  Ledger::Charge charge_;
  std::uint64_t received_ = 0;
  std::optional<std::chrono::milliseconds> wait_;
  std::shared_ptr<void> place_;
  std::shared_ptr<Caller> caller_;
  std::string webhook_url_;       // empty: the queue's
  std::string key_;               // empty: none
  std::optional<Sha256> digest_;  // of the payload, where there is a key

  std::unique_ptr<FormReader> form_;
  bool in_file_ = false;
  bool had_file_ = false;
  std::optional<std::string> field_;  // the name of the field that is being read
  std::string value_;
  std::size_t field_bytes_ = 0;  // of all fields
};

}  // namespace headrace
