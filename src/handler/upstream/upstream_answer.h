#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/outcome.h"
#include "base/payload_writer.h"
#include "net/http_client.h"

namespace headrace {

// Takes the upstream's answer to one job: a good one's body becomes the part `result`, in memory up
// to 64 KiB and in a memfd beyond; of a bad one as much is read as is worth telling. One thread.
class UpstreamAnswer final : public HttpSink {
 public:
  explicit UpstreamAnswer(std::uint64_t max_result) : max_result_(max_result) {}

  bool OnHead(const HttpHead& head) override;
  bool OnBytes(std::span<const std::byte> bytes) override;

  // Once, after the exchange: the result's parts (none for 204 and 205), or the problem that the
  // client gets: 422 where the upstream refuses this very job, 503 where it is busy, else 502.
  Expected<std::vector<ResultPart>> Finish(const HttpReport& report);

 private:
  [[nodiscard]] bool Good() const { return head_.status >= 200 && head_.status < 300; }
  Error Refusal() const;
  Expected<std::vector<ResultPart>> Parts();

  const std::uint64_t max_result_;  // bytes
  HttpHead head_;                   // status 0: none came
  std::optional<Error> error_;      // why the body was not taken
  PayloadWriter body_;
  std::uint32_t crc_ = 0;
  std::string said_;  // the body of a bad answer
};

}  // namespace headrace
