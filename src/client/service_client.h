#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/error.h"
#include "net/http_client.h"

namespace headrace {

// Where the service is, and who asks.
struct ServiceAddress {
  std::string url = "http://127.0.0.1:8080";  // may have a path, in front of /v1; see CheckAddress
  std::string key = {};                       // sent as Authorization: Bearer; empty: none
  std::string ca_file = {};                   // PEM of the authorities trusted alone
};

// The same without a slash at its end. Error: no http or https URL, or one with a query.
Expected<ServiceAddress> CheckAddress(ServiceAddress address);

struct Call {
  std::string method = "GET";
  std::string target = {};               // from /v1 on, encoded
  std::vector<std::string> fields = {};  // "Name: value"; nothing of a stranger's
  Payload body = {};
  std::vector<std::string> wanted = {};  // names of fields for Reply::wanted
};

// An answer, whatever its status.
struct Reply {
  int status = 0;
  std::string media_type;           // without parameters, in lower case
  std::string content_type;         // as it came
  std::int64_t retry_after = 0;     // seconds; 0: none
  std::vector<std::string> wanted;  // Call::wanted's values, empty where there is none
  std::string body;                 // what went to no stream
  bool stopped = false;             // the stream wanted no more
};

// Takes the bytes of an answer as they come; false: no more.
using ByteStream = std::function<bool(std::span<const std::byte>)>;
// Asked once the head is there; an empty stream: the body is kept in the reply.
using ChooseStream = std::function<ByteStream(const Reply& head)>;

// Asks the service, one request at a time, on one connection. Not thread-safe.
class ServiceClient {
 public:
  static constexpr std::size_t kMostKept = std::size_t{64} << 20;  // bytes of Reply::body

  // All requests end when the token is cancelled or the deadline has passed.
  ServiceClient(ServiceAddress address, CancelToken cancel, Deadline deadline);

  // Errors: Interrupted, NotInTime, or Broken with the type `unreachable`, `untrusted`,
  // `broken-answer` or `resources`.
  Expected<Reply> Ask(const Call& call, const ChooseStream& choose = {});
  // The same with less time.
  Expected<Reply> AskUntil(const Call& call, Deadline deadline, const ChooseStream& choose = {});

  // The next request goes over a connection of its own. On a kept one, which may turn out to be
  // closed, a request can reach the service twice.
  void Disconnect();

  [[nodiscard]] const ServiceAddress& address() const { return address_; }
  [[nodiscard]] const CancelToken& cancel() const { return cancel_; }
  [[nodiscard]] Deadline deadline() const { return deadline_; }

 private:
  Error Failed(const HttpReport& report) const;

  const ServiceAddress address_;
  const CancelToken cancel_;
  const Deadline deadline_;
  std::unique_ptr<HttpClient> http_;
};

// Whether a request that failed so may be sent again, if it may be sent twice at all.
[[nodiscard]] bool IsLoss(const Error& error);

// What an answer that is no success means. "queue 'a' is full (/problems/queue-full, HTTP 429)".
// 429 and 503 are kOverloaded, with Retry-After.
Error ProblemOf(const Reply& reply);

}  // namespace headrace
