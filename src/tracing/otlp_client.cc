#include "tracing/otlp_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/printable.h"
#include "base/words.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{64} << 10U;  // bytes; more is not looked at
constexpr std::size_t kMaxDetail = 200;
constexpr std::chrono::seconds kMaxRetryAfter{300};

// Keeps the beginning of the answer.
class AnswerSink final : public HttpSink {
 public:
  bool OnHead(const HttpHead& head) override {
    head_ = head;
    return true;
  }
  bool OnBytes(std::span<const std::byte> bytes) override {
    const std::size_t room = kMaxAnswer - body_.size();
    body_.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
    return bytes.size() < room;
  }

  [[nodiscard]] const HttpHead& head() const { return head_; }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  HttpHead head_;
  std::string body_;
};

HttpClientOptions ClientOptions(const TracingOptions& options) {
  HttpClientOptions client;
  client.connect_timeout = options.timeout;
  client.idle_timeout = options.timeout;
  return client;
}

const JsonValue* Find(const JsonValue& value, std::string_view name) {
  const auto* const object = value.As<JsonValue::Object>();
  if (object == nullptr) return nullptr;
  const auto at = std::find_if(object->begin(), object->end(),
                               [&](const auto& member) { return member.name == name; });
  return at == object->end() ? nullptr : &at->value;
}

// Protobuf's JSON has 64-bit numbers as texts, and takes both.
std::uint64_t NumberIn(const JsonValue* value) {
  if (value == nullptr) return 0;
  if (const auto* const number = value->As<std::uint64_t>()) return *number;
  const auto* const text = value->As<std::string>();
  return text == nullptr ? 0 : ParseNumberAll<std::uint64_t>(*text).value_or(0);
}

std::string Shortened(std::string_view text) { return Printable(text.substr(0, kMaxDetail)); }

ExportAnswer Taken(std::string_view body) {
  ExportAnswer answer{ExportAnswer::Kind::kTaken};
  const auto json = ParseJson(body);
  const JsonValue* const partial = json ? Find(*json, "partialSuccess") : nullptr;
  if (partial == nullptr) return answer;
  answer.rejected = NumberIn(Find(*partial, "rejectedSpans"));
  const JsonValue* const message = Find(*partial, "errorMessage");
  const auto* const text = message == nullptr ? nullptr : message->As<std::string>();
  if (text != nullptr && !text->empty()) {
    answer.detail = "the collector says: " + Shortened(*text);
  } else if (answer.rejected != 0) {
    answer.detail = fmt::format("the collector rejected {} spans", answer.rejected);
  }
  return answer;
}

}  // namespace

ExportAnswer JudgeAnswer(int status, std::int64_t retry_after, std::string_view body) {
  if (status >= 200 && status < 300) return Taken(body);
  const bool later = status == 429 || status == 502 || status == 503 || status == 504;
  ExportAnswer answer{later ? ExportAnswer::Kind::kTryLater : ExportAnswer::Kind::kRefused};
  answer.retry_after =
      std::clamp(std::chrono::seconds(retry_after), std::chrono::seconds(0), kMaxRetryAfter);
  answer.detail = fmt::format("the collector answered {}", status);
  return answer;
}

OtlpClient::OtlpClient(const TracingOptions& options, const std::string& version)
    : options_(options),
      user_agent_("User-Agent: headrace/" + version),
      http_(ClientOptions(options)) {}

ExportAnswer OtlpClient::Send(std::string json, const CancelToken& cancel, Deadline deadline) {
  auto fields = ReadTracingHeaders(options_);
  ExportAnswer answer;
  if (!fields) {
    answer.detail = "headers_file: " + fields.error().hint;
    return answer;
  }
  HttpRequest request;
  request.method = "POST";
  request.url = TracesUrl(options_);
  request.fields = *std::move(fields);
  request.fields.emplace_back("Content-Type: application/json");
  request.fields.push_back(user_agent_);
  request.body = Payload::FromString(std::move(json));
  AnswerSink sink;
  const HttpReport report = http_.Run(request, sink, cancel, deadline);
  const bool whole = report.end == HttpEnd::kComplete || report.end == HttpEnd::kStopped;
  if (whole) return JudgeAnswer(sink.head().status, sink.head().retry_after, sink.body());
  answer.detail = report.end == HttpEnd::kUnwanted ? "no answer in time (tracing.timeout)"
                                                   : Shortened(report.detail);
  return answer;
}

}  // namespace headrace
