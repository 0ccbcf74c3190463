#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace headrace {

struct WebhookClientOptions {
  bool allow_http = false;                           // beside https
  bool allow_private = false;                        // see net/address_guard.h
  std::chrono::milliseconds connect_timeout{5'000};  // name, TCP and TLS together
  std::chrono::milliseconds timeout{15'000};         // of one request, from its start to the end
  std::size_t concurrency = 16;                      // requests at once; others wait in their order
  std::size_t max_waiting = 1024;  // so many; beyond, Send answers at once with kBusy
  std::size_t max_head = std::size_t{32} << 10U;    // bytes of an answer's header fields
  std::size_t max_answer = std::size_t{64} << 10U;  // bytes of its body; then the connection ends
  std::string ca_file;  // PEM of the authorities that are trusted alone; empty: the system's
};

struct WebhookRequest {
  std::string url;                  // see ParseHttpUrl
  std::vector<std::string> fields;  // "Name: value"; no others are sent but Host, Accept,
                                    // User-Agent and Content-Length
  std::string body;
};

enum class WebhookEnd {
  kAnswered,  // with `status`, whatever it is
  kFailed,    // no answer: not reached, not trusted, too slow, or no HTTP
  kRefused,   // by us: the URL is none we call, or all its addresses are refused by the guard
  kBusy,      // by us: max_waiting
  kAborted,   // by us: the client stopped
};

struct WebhookAnswer {
  WebhookEnd end = WebhookEnd::kFailed;
  int status = 0;                       // 0: none
  std::chrono::seconds retry_after{0};  // 0: none, or in the past
  std::string detail;                   // for the operator; without the URL
};

// Sends webhooks: POST over HTTP/1.1, on one thread of its own that drives all of them. Redirects
// are never followed (a 3xx is an answer like another), no proxy, no cookies, no netrc, no
// decompression; certificates are verified; bodies of answers are thrown away. The guard judges the
// very address that a socket is opened for. Connections are kept for the next request.
// Thread-safe.
class WebhookClient {
 public:
  using Done = std::function<void(WebhookAnswer)>;

  explicit WebhookClient(WebhookClientOptions options);
  ~WebhookClient();  // Stop
  WebhookClient(const WebhookClient&) = delete;
  WebhookClient& operator=(const WebhookClient&) = delete;

  // Calls `done` exactly once: on the client's thread, or from within the call with kBusy or
  // kAborted. It must not block.
  void Send(WebhookRequest request, Done done);

  // Ends all requests at once, with kAborted, and the thread; after it Send answers kAborted. When
  // it returns every `done` has been called. May be called twice, by one thread, not by a `done`.
  void Stop();

 private:
  class Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace headrace
