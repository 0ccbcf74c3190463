#pragma once

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/payload_writer.h"
#include "net/http_client.h"
#include "support/event.h"
#include "support/scripted_server.h"

namespace headrace {

// Keeps the answer; wants no more of it after `most` bytes.
class KeepingSink final : public HttpSink {
 public:
  explicit KeepingSink(std::size_t most = SIZE_MAX) : most_(most) {}
  bool OnHead(const HttpHead& the_head) override {
    head = the_head;
    ++heads;
    return true;
  }
  bool OnBytes(std::span<const std::byte> bytes) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return body.size() <= most_;
  }
  bool OnRound(bool more) override {
    if (!more && on_lull) return on_lull();
    return true;
  }

  HttpHead head;
  int heads = 0;
  std::string body;
  std::function<bool()> on_lull;  // nothing more is there for now

 private:
  const std::size_t most_;
};

// A client and what it is told.
class HttpClientTest : public testing::Test {
 protected:
  using Connection = testing_support::ServerConnection;
  using Server = testing_support::ScriptedServer;

  static Payload MakePayload(const std::string& bytes) {
    PayloadWriter writer;
    EXPECT_TRUE(writer.Append(bytes).ok());
    return *writer.Finish();
  }
  static std::string Pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
    return bytes;
  }

  HttpClient& Client() {
    if (!client_) client_ = std::make_unique<HttpClient>(options_);
    return *client_;
  }
  HttpReport Post(const std::string& url, const std::string& body = "",
                  KeepingSink* sink = nullptr) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.body = MakePayload(body);
    return Run(request, sink);
  }
  HttpReport Run(const HttpRequest& request, KeepingSink* sink = nullptr) {
    KeepingSink own;
    return Client().Run(request, sink == nullptr ? own : *sink, cancel_, deadline_);
  }

  HttpClientOptions options_;
  std::unique_ptr<HttpClient> client_;
  CancelToken cancel_;
  Deadline deadline_ = Deadline::After(std::chrono::seconds(30));
};

}  // namespace headrace
