#include "handler/upstream/upstream_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "handler/frames/frames.h"
#include "handler/frames/part_check.h"
#include "handler/outcomes.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxSaid = std::size_t{16} << 10U;       // of a bad answer, before it is read
constexpr std::size_t kMaxTold = 1024;                         // of it, to the client
constexpr std::int64_t kMaxRetryAfter = 300;                   // seconds, as our own
constexpr std::uint64_t kMostWhole = std::uint64_t{1} << 20U;  // bytes; longer answers go in pieces
constexpr std::size_t kLeastAtOnce = std::size_t{1} << 20U;    // of a fast one; may be spooled
constexpr std::uint64_t kPieceShare = 16;  // its pieces are a 16th of what went before

Error Failed(std::string hint, std::string detail) {
  return {ErrorCode::kHandlerCrashed, "upstream-failed", std::move(hint), std::move(detail), 0};
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The type without its parameters, in lower case.
std::string Essence(std::string_view media_type) {
  std::string essence(media_type.substr(0, media_type.find(';')));
  essence.erase(essence.find_last_not_of(" \t") + 1);
  std::transform(essence.begin(), essence.end(), essence.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return essence;
}

// One line of what somebody else wrote: control characters are spaces, no more than kMaxTold bytes,
// cut between characters.
std::string Told(std::string_view text) {
  std::string told(text.substr(0, kMaxTold + 1));
  std::replace_if(
      told.begin(), told.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (told.size() > kMaxTold) {
    std::size_t end = kMaxTold;
    while (end > 0 && (static_cast<unsigned char>(told[end]) & 0xC0U) == 0x80U) --end;
    told.resize(end);
  }
  told.erase(told.find_last_not_of(' ') + 1);
  told.erase(0, told.find_first_not_of(' '));
  return told;
}

// What the upstream says for its client to read; empty where its answer is not made for that.
std::string Explanation(const HttpHead& head, const std::string& said) {
  if (!head.coding.empty()) return {};
  const std::string type = Essence(head.media_type);
  if (type == "text/plain") return Told(said);
  if (type != "application/problem+json") return {};
  if (const auto detail = TextMember(said, "detail")) return Told(*detail);
  return Told(TextMember(said, "title").value_or(""));
}

}  // namespace

bool UpstreamAnswer::OnHead(const HttpHead& head) {
  head_ = head;
  in_pieces_ = GoesInPieces();
  // Small pieces hold no descriptors, however many nobody reads.
  if (in_pieces_) body_ = PayloadWriter(kLeastAtOnce - 1);
  if (!Good()) return true;
  if (!head.coding.empty() && !Empty()) {
    error_ = Failed(
        "the app behind this queue sends its answer compressed, which it was not asked for; tell "
        "the operator",
        fmt::format("the upstream's answer is in the coding '{}'", head.coding));
    return false;
  }
  if (head.length.value_or(0) <= max_result_) return true;
  error_ = ResultTooLarge(max_result_, fmt::format("the upstream sends {} bytes", *head.length));
  return false;
}

bool UpstreamAnswer::OnBytes(std::span<const std::byte> bytes) {
  if (!Good()) {
    said_ += AsText(bytes.first(std::min(bytes.size(), kMaxSaid - said_.size())));
    return said_.size() < kMaxSaid;
  }
  if (bytes.size() > max_result_ - total_) {
    error_ = ResultTooLarge(max_result_, "the upstream sends more than that");
    return false;
  }
  if (auto written = body_.Append(AsText(bytes)); !written) {
    error_ = std::move(written).error();
    return false;
  }
  charge_.GrowAnyway(bytes.size());
  total_ += bytes.size();
  crc_ = Crc32(bytes, crc_);
  return true;
}

bool UpstreamAnswer::OnRound(bool more) {
  if (!in_pieces_) return true;
  if (more && body_.size() < std::max<std::uint64_t>(kLeastAtOnce, total_ / kPieceShare)) {
    return true;
  }
  return HandOver();
}

// What a client need not wait for. A short answer is stored whole, so that its status is true.
bool UpstreamAnswer::GoesInPieces() const {
  if (pieces_ == nullptr || !Good() || Empty()) return false;
  if (head_.length && *head_.length <= kMostWhole) return false;
  return pieces_->wants(MediaType());
}

bool UpstreamAnswer::HandOver() {
  if (body_.size() == 0) return true;
  auto piece = TakePart();
  if (!piece) {
    error_ = std::move(piece).error();
    return false;
  }
  handed_over_ = true;
  piece->whole_size = head_.length;
  pieces_->take(*std::move(piece));
  return true;
}

// Success without content, whatever follows.
bool UpstreamAnswer::Empty() const {
  constexpr int kNoContent = 204;
  constexpr int kResetContent = 205;
  return head_.status == kNoContent || head_.status == kResetContent;
}

std::string UpstreamAnswer::MediaType() const {
  return ValidMediaType(head_.media_type) ? head_.media_type : "application/octet-stream";
}

Error UpstreamAnswer::Refusal() const {
  std::string detail = fmt::format("the upstream answered {}", head_.status);
  switch (head_.status) {
    case 400:
    case 413:
    case 415:
    case 422: {
      const std::string said = Explanation(head_, said_);
      return {ErrorCode::kUnprocessable, "upstream-rejected",
              fmt::format("the app behind this queue refused the job with status {}{}{}",
                          head_.status, said.empty() ? "" : ": ", said),
              std::move(detail), 0};
    }
    case 429:
    case 503:
      return {ErrorCode::kUnavailable, "upstream-busy",
              "the app behind this queue takes no more work now; try again later",
              std::move(detail),
              static_cast<int>(std::clamp<std::int64_t>(head_.retry_after, 0, kMaxRetryAfter))};
    default:
      break;
  }
  if (head_.status >= 300 && head_.status < 400) {
    return {ErrorCode::kHandlerCrashed, "upstream-redirect",
            "the app behind this queue sends its requests elsewhere, which is not followed; tell "
            "the operator",
            std::move(detail), 0};
  }
  return Failed("the app behind this queue failed", std::move(detail));
}

// All that has not gone.
Expected<ResultPart> UpstreamAnswer::TakePart() {
  auto bytes = body_.Finish();
  charge_.ShrinkTo(0);  // who takes it accounts for it
  if (!bytes) return std::move(bytes).error();
  ResultPart part;
  part.name = "result";
  part.media_type = MediaType();
  auto kept = store_.WithinDescriptors(*std::move(bytes));
  if (!kept) return std::move(kept).error();
  part.bytes = *std::move(kept);
  part.crc32 = std::exchange(crc_, 0);
  return part;
}

Expected<std::vector<ResultPart>> UpstreamAnswer::Parts() {
  std::vector<ResultPart> parts;
  if (Empty() || handed_over_) return parts;
  auto part = TakePart();
  if (!part) return std::move(part).error();
  parts.push_back(*std::move(part));
  return parts;
}

Expected<std::vector<ResultPart>> UpstreamAnswer::Finish(const HttpReport& report) {
  if (handed_over_ && !error_) HandOver();  // what came before a failure came all the same
  if (error_) return *std::move(error_);
  if (head_.status != 0 && !Good()) return Refusal();
  switch (report.end) {
    case HttpEnd::kComplete:
      return Parts();
    case HttpEnd::kOutOfResources:
      return Error{ErrorCode::kUnavailable, "out-of-resources",
                   "the service is short of memory or descriptors; try again later", report.detail,
                   1};
    case HttpEnd::kUnreachable:
      return Error{ErrorCode::kHandlerCrashed, "upstream-unreachable",
                   "the app behind this queue does not answer; try again later", report.detail, 0};
    case HttpEnd::kStopped:
    case HttpEnd::kUnwanted:
    case HttpEnd::kBroken:
      break;
  }
  return Failed("the app behind this queue ended its answer before it was complete", report.detail);
}

}  // namespace headrace
