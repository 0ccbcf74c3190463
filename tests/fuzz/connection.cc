// A connection takes any bytes: it comes to the same answers whatever the segments they come in,
// and keeps its promises to the site.
#include "http/edge/connection.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace headrace;  // NOLINT(google-build-using-namespace): a program of one file

constexpr std::size_t kMaxBody = 4096;

void Require(bool promise) {
  if (!promise) std::abort();
}

// Takes everything at once. Without the Date, answers are the same at any time.
class Sink final : public Wire {
 public:
  explicit Sink(std::string& sent, bool& closed) : sent_(sent), closed_(closed) {}
  bool SendText(std::string text, bool /*more*/) override {
    Require(!closed_);
    const auto date = text.find("\r\nDate: ");
    if (date != std::string::npos) text.erase(date, text.find("\r\n", date + 2) - date);
    sent_ += text;
    return true;
  }
  bool SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) override {
    const auto bytes = payload.Bytes().subspan(offset, size);
    return SendText({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, more);
  }
  void AwaitTurn() override {}
  [[nodiscard]] std::size_t Unsent() const override { return 0; }
  [[nodiscard]] bool ClientLeft() const override { return false; }
  void ShutdownWrite() override {}
  void Close() override { closed_ = true; }
  void PauseReading() override {}
  void ResumeReading() override {}

 private:
  std::string& sent_;
  bool& closed_;
};

struct Body final : BodySink {
  Status Write(std::string_view bytes) override {
    text += bytes;
    Require(text.size() <= kMaxBody);
    return Ok();
  }
  std::string text;
};

// Echoes bodies; refuses /no before the body.
class Echo final : public Site {
 public:
  std::optional<Answer> OnHeaders(Exchange& exchange) override {
    if (exchange.head->path == "/no") {
      Answer answer;
      answer.status = 429;
      return answer;
    }
    exchange.body = std::make_shared<Body>();
    return std::nullopt;
  }
  void OnRequest(Connection& connection) override {
    Answer answer;
    answer.text = static_cast<const Body&>(*connection.exchange().body).text;
    connection.Respond(std::move(answer));
  }
  void OnAnswered(const Exchange& /*exchange*/, int /*status*/) override {}
  void OnConnections(int /*delta*/) override {}
};

std::string Talk(std::string_view bytes, std::size_t segment) {
  HttpOptions options;
  options.max_body = kMaxBody;
  Echo site;
  EdgeState edge;
  std::string sent;
  bool closed = false;
  auto connection = std::make_shared<Connection>(options, site, edge,
                                                 std::make_unique<Sink>(sent, closed), nullptr);
  while (!bytes.empty() && !closed) {
    connection->OnInput(bytes.substr(0, segment));
    bytes.remove_prefix(segment < bytes.size() ? segment : bytes.size());
  }
  connection->OnClosed();
  return sent;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // Whether `100 Continue` is sent depends on what has come by then, so such requests are left out.
  if (bytes.find("xpect") != std::string_view::npos) return 0;
  const std::string whole = Talk(bytes, SIZE_MAX);
  const std::string parts = Talk(bytes, data[0] % 16U + 1);
  // How a connection ends may depend on how much of the rest had come.
  const auto common = std::min(whole.size(), parts.size());
  const auto difference =
      std::mismatch(whole.begin(), whole.begin() + static_cast<long>(common), parts.begin());
  const auto at = static_cast<std::size_t>(difference.first - whole.begin());
  Require(at == common ||
          whole.find("Connection: close", at > 512 ? at - 512 : 0) != std::string::npos ||
          parts.find("Connection: close", at > 512 ? at - 512 : 0) != std::string::npos);
  return 0;
}
