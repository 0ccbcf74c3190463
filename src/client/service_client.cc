#include "client/service_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/printable.h"
#include "client/exit_codes.h"
#include "net/http_url.h"

namespace headrace {
namespace {

// A name, TCP and TLS together; a person waits.
constexpr std::chrono::seconds kConnectTimeout{10};
// Twice what lies between two signs of life of the service's events.
constexpr std::chrono::seconds kIdleTimeout{35};
constexpr std::size_t kMostDetail = 2'000;  // bytes of a stranger's sentence

std::string MediaType(std::string_view field) {
  field = field.substr(0, field.find(';'));
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  std::string type(field);
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

class ReplySink final : public HttpSink {
 public:
  explicit ReplySink(const ChooseStream& choose) : choose_(choose) {}

  bool OnHead(const HttpHead& head) override {
    reply.status = head.status;
    reply.content_type = head.media_type;
    reply.media_type = MediaType(head.media_type);
    reply.retry_after = head.retry_after;
    reply.wanted = head.wanted;
    if (choose_) stream_ = choose_(reply);
    return true;
  }
  bool OnBytes(std::span<const std::byte> bytes) override {
    if (stream_) return stream_(bytes);
    too_long = reply.body.size() + bytes.size() > ServiceClient::kMostKept;
    if (too_long) return false;
    reply.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
  }

  Reply reply;
  bool too_long = false;

 private:
  const ChooseStream& choose_;
  ByteStream stream_;
};

std::string_view Start(std::string_view text) { return text.substr(0, kMostDetail); }

}  // namespace

Expected<ServiceAddress> CheckAddress(ServiceAddress address) {
  const auto url = ParseHttpUrl(address.url);
  if (!url) return Refusal(fmt::format("the address of the service {}", url.error().hint));
  if (address.url.find('?') != std::string::npos) {
    return Refusal("the address of the service has a query (?); give scheme, host and port");
  }
  while (address.url.ends_with('/')) address.url.pop_back();
  return address;
}

ServiceClient::ServiceClient(ServiceAddress address, CancelToken cancel, Deadline deadline)
    : address_(std::move(address)), cancel_(std::move(cancel)), deadline_(deadline) {
  Disconnect();
}

void ServiceClient::Disconnect() {
  HttpClientOptions options;
  options.connect_timeout = kConnectTimeout;
  options.idle_timeout = kIdleTimeout;
  options.ca_file = address_.ca_file;
  http_ = std::make_unique<HttpClient>(std::move(options));
}

Expected<Reply> ServiceClient::Ask(const Call& call, const ChooseStream& choose) {
  return AskUntil(call, deadline_, choose);
}

Expected<Reply> ServiceClient::AskUntil(const Call& call, Deadline deadline,
                                        const ChooseStream& choose) {
  HttpRequest request;
  request.method = call.method;
  request.url = address_.url + call.target;
  if (const auto good = CheckHttpUrl(request.url); !good) {
    return Refusal(
        fmt::format("the address of the request {}; long values of parameters can be "
                    "given by --param-file",
                    good.error().hint));
  }
  request.fields = call.fields;
  request.fields.emplace_back("User-Agent: headrace");
  if (!address_.key.empty()) request.fields.push_back("Authorization: Bearer " + address_.key);
  request.body = call.body;
  request.wanted = call.wanted;
  ReplySink sink(choose);
  const HttpReport report = http_->Run(request, sink, cancel_, std::min(deadline, deadline_));
  if (report.end == HttpEnd::kComplete) return std::move(sink.reply);
  if (report.end != HttpEnd::kStopped) return Failed(report);
  if (sink.too_long) return Broken("too-long", "the service's answer is longer than 64 MiB");
  sink.reply.stopped = true;
  return std::move(sink.reply);
}

Error ServiceClient::Failed(const HttpReport& report) const {
  const std::string detail = Printable(Start(report.detail));
  switch (report.end) {
    case HttpEnd::kUnwanted:
      if (cancel_.Cancelled()) return Interrupted();
      return NotInTime("there was no answer in time");
    case HttpEnd::kUnreachable:
      if (report.untrusted) {
        return Broken("untrusted", fmt::format("{} is not trusted: {}; --ca-file names the "
                                               "authorities to trust",
                                               address_.url, detail));
      }
      return Broken("unreachable", fmt::format("cannot reach {}: {}", address_.url, detail));
    case HttpEnd::kOutOfResources:
      return Broken("resources", detail);
    case HttpEnd::kComplete:
    case HttpEnd::kStopped:
    case HttpEnd::kBroken:
      break;
  }
  return Broken("broken-answer",
                fmt::format("the answer of {} is broken: {}", address_.url, detail));
}

bool IsLoss(const Error& error) {
  return error.type == "unreachable" || error.type == "broken-answer";
}

Error ProblemOf(const Reply& reply) {
  Error error;
  error.retry_after = static_cast<int>(std::clamp<std::int64_t>(reply.retry_after, 0, 86'400));
  const bool problem = reply.media_type == "application/problem+json";
  const auto member = [&](const char* name) {
    return problem ? TextMember(reply.body, name).value_or("") : std::string();
  };
  const std::string type = member("type");
  const std::string detail = member("detail");
  const std::string words = detail.empty() ? member("title") : detail;
  // A refusal has no job; a job that has failed says which one.
  const bool had_job = !member("job_id").empty();
  const int status = reply.status;
  if (status == 429 || status == 503) {
    error.code = ErrorCode::kOverloaded;
  } else if (status == 408) {
    error.code = ErrorCode::kRequestTimeout;
  } else if (had_job && status != 404) {
    error.code = ErrorCode::kConflict;
  } else {
    error.code =
        status >= 400 && status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
  }
  error.type = type;
  error.hint = fmt::format(
      "{} ({}HTTP {})",
      words.empty() ? "the service's answer has no explanation" : Printable(Start(words)),
      type.empty() ? "" : Printable(Start(type)) + ", ", status);
  if (status == 401) error.hint += "; --key-file names the file that holds your key";
  return error;
}

}  // namespace headrace
