#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "http/edge/client_limit.h"
#include "http/edge/routes.h"
#include "http/message/answer.h"
#include "http/message/client_address.h"
#include "http/message/request_head.h"
#include "http/message/uri.h"
#include "service/key_ring.h"

namespace headrace {

class BodySink;
class Connection;

// For metrics and spans only: the client went before its answer.
inline constexpr int kClientGone = 499;
// For them as well: the answer, a 200, ended without its last bytes.
inline constexpr int kAnswerCut = 599;

// One request on its way from head to answer.
struct Exchange {
  const RequestHead* head = nullptr;  // valid until the answer is written; null before it is parsed
  HttpMethod method = HttpMethod::kOther;
  RouteMatch match;
  std::string trace;               // our traceparent
  bool traced = false;             // its span is recorded
  std::string job_id;              // of a traced one: of the job that it brought
  std::string answer_fields;       // header lines that every answer to this request carries
  std::shared_ptr<BodySink> body;  // where its body goes; null: away
  SteadyTime started;
  SteadyTime body_deadline = SteadyTime::max();  // its body has come by then, or it is 408
  IpAddress client;                              // on whose behalf it came
  std::shared_ptr<Caller> caller;                // by its key; null: nobody is told apart

  // Whose jobs it may see; empty: those of nobody.
  [[nodiscard]] const std::string& Tenant() const {
    static const std::string kNobody;
    return caller == nullptr ? kNobody : caller->tenant();
  }

  ClientLimit::Place client_place;  // until it is answered
};

// Something that waits on a connection for the answer to its request.
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;
  // The client has gone; nobody wants the answer any more.
  virtual void Abandon() = 0;
};

// What is served at a listener: decides on requests by their head, then answers them. Shared by all
// connections and reactors: thread-safe. Every call comes on the connection's reactor thread.
class Site {
 public:
  Site() = default;
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  virtual ~Site() = default;

  // The head is complete, the body not yet read: fills in the exchange, with its body's sink, and
  // answers now (the body is then not wanted) or goes on by returning nothing.
  virtual std::optional<Answer> OnHeaders(Exchange& exchange) = 0;

  // The whole request is there. Calls Connection::Respond once, now or later.
  virtual void OnRequest(Connection& connection) = 0;

  // The answer is out (or was cut: kAnswerCut; or the client went before: kClientGone).
  virtual void OnAnswered(const Exchange& exchange, int status) = 0;
  virtual void OnConnections(int delta) = 0;
};

}  // namespace headrace
