#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/outcome.h"
#include "base/payload_writer.h"
#include "base/queued_job.h"
#include "handler/result_store.h"
#include "net/http_client.h"

namespace headrace {

// Takes the upstream's answer to one job: a good one's body becomes the part `result`, in memory up
// to 64 KiB and in a memfd beyond; of a bad one as much is read as is worth telling. A good one of
// more than 1 MiB, or of unknown length, goes to a client that wants pieces as it comes: what there
// is as soon as nothing more is there, and where the upstream is faster than that at least 1 MiB at
// once, and more the more there was before, so that pieces which nobody reads are few. One thread.
class UpstreamAnswer final : public HttpSink {
 public:
  // `pieces` outlives it; null: the result is wanted whole.
  explicit UpstreamAnswer(std::uint64_t max_result, const PieceTaker* pieces = nullptr,
                          const ResultStore& store = {})
      : max_result_(max_result), pieces_(pieces), store_(store), charge_(store.Reserve(0)) {}

  bool OnHead(const HttpHead& head) override;
  bool OnBytes(std::span<const std::byte> bytes) override;
  bool OnRound(bool more) override;

  // Once, after the exchange: the result's parts (none for 204 and 205, nor where it went in
  // pieces, of which the last one goes now), or the problem that the client gets: 422 where the
  // upstream refuses this very job, 503 where it is busy, else 502.
  Expected<std::vector<ResultPart>> Finish(const HttpReport& report);

 private:
  [[nodiscard]] bool Good() const { return head_.status >= 200 && head_.status < 300; }
  [[nodiscard]] bool Empty() const;
  [[nodiscard]] bool GoesInPieces() const;
  [[nodiscard]] std::string MediaType() const;
  Error Refusal() const;
  Expected<ResultPart> TakePart();
  Expected<std::vector<ResultPart>> Parts();
  bool HandOver();

  const std::uint64_t max_result_;  // bytes
  const PieceTaker* const pieces_;
  const ResultStore store_;
  HttpHead head_;               // status 0: none came
  std::optional<Error> error_;  // why the body was not taken
  bool in_pieces_ = false;      // it may go so
  bool handed_over_ = false;    // and some of it has gone
  std::uint64_t total_ = 0;     // bytes of the body so far
  PayloadWriter body_;          // what of it has not gone
  Ledger::Charge charge_;       // that this holds
  std::uint32_t crc_ = 0;       // of that
  std::string said_;            // the body of a bad answer
};

}  // namespace headrace
