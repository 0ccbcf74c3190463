#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/payload.h"

namespace headrace {

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{1'000};  // name, TCP and TLS together
  // So long without a byte while the request is sent or the answer comes. Between the two, while
  // the server thinks, only the deadline counts.
  std::chrono::milliseconds idle_timeout{30'000};
  std::size_t max_head = std::size_t{32} << 10U;  // bytes of the answer's header fields
  std::string ca_file;  // PEM of the authorities that are trusted alone; empty: the system's
};

struct HttpRequest {
  std::string method;               // with a body: POST, PUT, PATCH
  std::string url;                  // see CheckHttpUrl
  std::vector<std::string> fields;  // "Name: value", the caller's responsibility; no others are
                                    // sent but Host, Accept and Content-Length
  Payload body;                     // read from where it lies
  std::vector<std::string> wanted;  // names of other fields that HttpHead is to tell
};

struct HttpHead {
  int status = 0;
  std::string media_type;               // Content-Type as it came; may be empty
  std::string coding;                   // that the bytes are in, and stay in (gzip); empty: none
  std::optional<std::uint64_t> length;  // Content-Length, where it is the body's length
  std::int64_t retry_after = 0;         // seconds; 0: none
  std::vector<std::string> wanted;      // HttpRequest::wanted's values; empty: no such field
};

// Takes an answer as it comes. False ends the exchange: the rest is not wanted. So does
// std::bad_alloc, as kOutOfResources; it must throw nothing else.
class HttpSink {
 public:
  HttpSink() = default;
  HttpSink(const HttpSink&) = delete;
  HttpSink& operator=(const HttpSink&) = delete;
  virtual ~HttpSink() = default;

  virtual bool OnHead(const HttpHead& head) = 0;  // once, before the bytes; never a 1xx
  virtual bool OnBytes(std::span<const std::byte> bytes) = 0;
  // After some OnBytes, unless the answer has ended with them: `more` says that others are there
  // already. For a sink that hands bytes on: not too few at once, and none later than it must.
  virtual bool OnRound(bool /*more*/) { return true; }
};

enum class HttpEnd {
  kComplete,        // the whole answer came
  kStopped,         // the sink did not want the rest
  kUnwanted,        // cancelled, or the deadline passed
  kUnreachable,     // no connection, or the server stalled
  kBroken,          // no answer, half of one, or what is no HTTP
  kOutOfResources,  // descriptors or memory are short on our side
};

struct HttpReport {
  HttpEnd end = HttpEnd::kBroken;
  std::string detail;      // for the operator; without the URL's query
  bool untrusted = false;  // kUnreachable: the certificate is not what it must be
};

// An HTTP/1.1 client for one request at a time on one connection, which is kept for the next one.
// The caller's thread drives it: it polls the socket and the cancel token, to the deadline. A
// cancelled request's connection is closed before Run returns. No redirects, no cookies, no proxy,
// no decompression; certificates are verified. Not thread-safe; may move between threads.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends the request and feeds the answer to the sink. A kept connection that turns out to be
  // closed before any byte of the answer came is replaced by a fresh one, once: the server may then
  // have seen the request twice.
  HttpReport Run(const HttpRequest& request, HttpSink& sink, const CancelToken& cancel,
                 Deadline deadline);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
