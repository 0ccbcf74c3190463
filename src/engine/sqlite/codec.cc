#include "engine/sqlite/codec.h"

#include <bit>
#include <chrono>
#include <utility>

namespace headrace::sqlite {
namespace {

// What a damaged file holds must not become a code that nobody knows.
constexpr auto kLastCode = static_cast<std::uint64_t>(ErrorCode::kDeadlineExceeded);
constexpr std::size_t kNumberBytes = 8;

// One text, so that files of releases which knew no tracestate are read, and theirs by them.
constexpr char kBeforeTracestate = '\n';

std::string TraceText(const KeptJob& job) {
  if (job.tracestate.empty()) return job.traceparent;
  return job.traceparent + kBeforeTracestate + job.tracestate;
}

void TakeTraceText(std::string text, KeptJob& job) {
  const auto end = text.find(kBeforeTracestate);
  job.tracestate = end == std::string::npos ? std::string() : text.substr(end + 1);
  job.traceparent = std::move(text);
  if (end != std::string::npos) job.traceparent.resize(end);
}

}  // namespace

void Packer::Add(std::string_view text) {
  Add(std::uint64_t{text.size()});
  bytes_ += text;
}

void Packer::Add(std::uint64_t number) {
  for (std::size_t i = 0; i < kNumberBytes; ++i, number >>= 8U) {
    bytes_ += static_cast<char>(number & 0xffU);
  }
}

void Packer::Add(double number) { Add(std::bit_cast<std::uint64_t>(number)); }

std::string Unpacker::Text() {
  const std::uint64_t size = Number();
  ok_ = ok_ && size <= rest_.size();
  if (!ok_) return {};
  std::string text(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return text;
}

std::uint64_t Unpacker::Number() {
  ok_ = ok_ && rest_.size() >= kNumberBytes;
  if (!ok_) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = kNumberBytes; i-- > 0;) {
    number = number << 8U | static_cast<unsigned char>(rest_[i]);
  }
  rest_.remove_prefix(kNumberBytes);
  return number;
}

double Unpacker::Fraction() { return std::bit_cast<double>(Number()); }

std::string PackSpec(const KeptJob& job) {
  Packer packer;
  packer.Add(job.media_type);
  packer.Add(TraceText(job));
  packer.Add(job.webhook_url);
  for (const auto& [name, value] : job.params) {
    packer.Add(name);
    packer.Add(value);
  }
  return packer.Take();
}

bool UnpackSpec(std::string_view bytes, KeptJob& job) {
  Unpacker unpacker(bytes);
  job.media_type = unpacker.Text();
  TakeTraceText(unpacker.Text(), job);
  job.webhook_url = unpacker.Text();
  while (unpacker.ok() && unpacker.HasMore()) {
    std::string name = unpacker.Text();
    job.params[std::move(name)] = unpacker.Text();
  }
  return unpacker.ok();
}

std::optional<std::string> WithoutParams(std::string_view spec) {
  KeptJob job;
  if (!UnpackSpec(spec, job) || job.params.empty()) return std::nullopt;
  job.params.clear();
  return PackSpec(job);
}

std::string PackError(const Error& error) {
  Packer packer;
  packer.Add(static_cast<std::uint64_t>(error.code));
  packer.Add(error.type);
  packer.Add(error.hint);
  packer.Add(error.detail);
  packer.Add(static_cast<std::uint64_t>(error.retry_after));
  return packer.Take();
}

bool UnpackError(std::string_view bytes, Error& error) {
  Unpacker unpacker(bytes);
  const std::uint64_t code = unpacker.Number();
  if (code > kLastCode) return false;
  error.code = static_cast<ErrorCode>(code);
  error.type = unpacker.Text();
  error.hint = unpacker.Text();
  error.detail = unpacker.Text();
  error.retry_after = static_cast<int>(unpacker.Number());
  return unpacker.ok();
}

std::string PackEnding(const JobEnd& end) {
  Packer packer;
  const JobTimings& timings = end.outcome.timings;
  packer.Add(timings.wait.count());
  packer.Add(timings.run.count());
  packer.Add(timings.cpu.count());
  packer.Add(timings.peak_memory);
  packer.Add(std::uint64_t{end.frees_key});
  packer.Add(std::uint64_t{end.tells_webhook});
  packer.Add(end.outcome.error ? PackError(*end.outcome.error) : std::string());
  return packer.Take();
}

bool UnpackEnding(std::string_view bytes, JobEnd& end) {
  Unpacker unpacker(bytes);
  JobTimings& timings = end.outcome.timings;
  timings.wait = Seconds(unpacker.Fraction());
  timings.run = Seconds(unpacker.Fraction());
  timings.cpu = Seconds(unpacker.Fraction());
  timings.peak_memory = unpacker.Number();
  end.frees_key = unpacker.Number() != 0;
  end.tells_webhook = unpacker.Number() != 0;
  const std::string error = unpacker.Text();
  if (!unpacker.ok()) return false;
  return error.empty() || UnpackError(error, end.outcome.error.emplace());
}

}  // namespace headrace::sqlite
