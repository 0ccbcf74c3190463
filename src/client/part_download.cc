#include "client/part_download.h"

#include <fmt/format.h>

#include <utility>

#include "base/printable.h"
#include "client/exit_codes.h"
#include "net/http_url.h"

namespace headrace {
namespace {

constexpr std::size_t kTag = 0;  // in Call::wanted
constexpr std::size_t kRange = 1;

// A strong tag that can go back into a header field.
bool IsTag(const std::string& text) {
  return text.size() > 2 && text.size() < 256 && text.front() == '"' && text.back() == '"' &&
         text == Printable(text);
}

}  // namespace

Status PartDownload::Fetch(const JobView& job) {
  if (!job.parts) return Refusal("the service has dropped the result of job " + job.id);
  for (const PartView& part : *job.parts) {
    if (auto fetched = FetchPart(job, part); !fetched) return fetched;
  }
  return Ok();
}

Status PartDownload::FetchPart(const JobView& job, const PartView& part) {
  if (auto begun = folder_.BeginPart(part.name); !begun) return begun;
  tag_.clear();
  Call call{"GET", fmt::format("/v1/jobs/{}/result/{}", job.id, PercentEncode(part.name))};
  call.wanted = {"ETag", "Content-Range"};
  while (true) {
    call.fields.clear();
    if (folder_.part_bytes() > 0 && !tag_.empty()) {
      call.fields = {fmt::format("Range: bytes={}-", folder_.part_bytes()), "If-Range: " + tag_};
    }
    const std::uint64_t before = folder_.part_bytes();
    const auto tried = Try(call, part);
    if (tried) return folder_.EndPart();
    if (folder_.part_bytes() > before) retry_.Reset();
    if (auto again = retry_.Again(tried.error()); !again) return again;
  }
}

// The answer has the rest of the part, or all of it once more.
Status PartDownload::Begin(const Reply& head) {
  if (head.status == 200) {
    tag_ = IsTag(head.wanted[kTag]) ? head.wanted[kTag] : "";
    return folder_.RestartPart();
  }
  const std::string start = fmt::format("bytes {}-", folder_.part_bytes());
  if (head.wanted[kRange].starts_with(start)) return Ok();
  return Broken("wrong-range", "the service's answer is broken: it is not the range asked for");
}

Status PartDownload::Take(std::span<const std::byte> bytes, const PartView& part) {
  auto written = folder_.WritePart({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (written && folder_.part_bytes() > part.size) {
    return Broken("wrong-size",
                  "the service's answer is broken: a part is longer than the job's status says");
  }
  tell_();
  return written;
}

Status PartDownload::Try(const Call& call, const PartView& part) {
  Status written = Ok();
  const auto reply = client_.Ask(call, [&](const Reply& head) -> ByteStream {
    const bool rest = head.status == 206 && !call.fields.empty();
    if (head.status != 200 && !rest) return {};
    written = Begin(head);
    return [&](std::span<const std::byte> bytes) {
      if (written) written = Take(bytes, part);
      return written.ok();
    };
  });
  if (!written) return written;
  if (!reply) return reply.error();
  if (reply->status != 200 && reply->status != 206) return ProblemOf(*reply);
  if (folder_.part_bytes() == part.size) return Ok();
  return Broken("wrong-size", fmt::format("the service's answer is broken: a part has {} bytes and "
                                          "not {}, as the job's status says",
                                          folder_.part_bytes(), part.size));
}

}  // namespace headrace
