#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/ledger.h"
#include "base/log_limit.h"
#include "http/edge/answer_writer.h"
#include "http/edge/http_options.h"
#include "http/edge/site.h"
#include "http/edge/wire.h"
#include "http/message/body_reader.h"
#include "http/message/request_parser.h"

namespace headrace {

class ReactorLink;

// Bytes that all connections together hold of requests that nobody works on yet: heads, and what
// clients have sent ahead.
inline constexpr std::size_t kMostHeld = std::size_t{64} << 20;

// What all connections of a server share. Thread-safe.
struct EdgeState {
  std::atomic<bool> draining{false};  // answers carry `Connection: close`
  std::atomic<bool> ending{false};    // idle connections end
  std::atomic<int> lingering{0};      // connections that are being closed slowly
  Ledger held{kMostHeld};
  TrustedProxies proxies;  // never changed once connections exist
  LogLimit failures;       // of requests, for want of memory or descriptors
};

// One client's connection: reads requests one at a time, lets the site answer, writes the answers
// in order. Bytes that come while an answer is due wait in a bounded buffer; where all connections
// together hold too many (kMostHeld), the one that brings more is closed. Used on its reactor's
// thread only; owned by the peer, kept alive by its callers during a call. Answers reach this
// connection by identity, so never another client.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const HttpOptions& options, Site& site, EdgeState& edge, std::unique_ptr<Wire> wire,
             std::shared_ptr<ReactorLink> reactor, const IpAddress& peer = {});
  ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // From the transport.
  void OnInput(std::string_view bytes);
  void OnWritten();                  // nothing is unsent any more
  void OnClosed();                   // the client has gone, or Close was called; no call follows
  void OnTick(SteadyTime now);       // several times a second: timeouts
  void OnFailure(const char* what);  // a call threw, out of memory at worst: the connection ends

  // From the site, for the request that OnRequest handed over.
  void Respond(Answer answer);
  // An answer in pieces: RespondStream with its head (`streamed`), Stream as they come, then
  // EndStream, with field lines for the trailer (RFC 9112, 7.1.2; an answer of known length has
  // none) and perhaps the `last` pieces, or, where it cannot be completed, AbortStream. HTTP/1.1
  // only.
  void RespondStream(Answer head);
  void Stream(std::vector<AnswerPiece> pieces);
  void EndStream(std::string_view trailer, std::vector<AnswerPiece> last = {});
  void AbortStream();
  void Await(std::shared_ptr<Pending> pending) { pending_ = std::move(pending); }
  // The job that the request has brought, for its span.
  void TellJob(const std::string& id) {
    if (exchange_.traced) exchange_.job_id = id;
  }
  [[nodiscard]] const Exchange& exchange() const { return exchange_; }
  [[nodiscard]] const std::shared_ptr<ReactorLink>& reactor() const { return reactor_; }

 private:
  enum class State {
    kHead,     // reading a request's head, or idle between two
    kBody,     // reading its body
    kBusy,     // the site has the request
    kStream,   // the site has the request still, and answers piece by piece
    kWriting,  // the answer is going out
    kDiscard,  // reading a refused request's small rest away
    kLinger,   // closing: discarding until the client has read its answer
    kClosed,
  };

  void Advance();
  void AdvanceBuffered();
  void UpdateReading();
  [[nodiscard]] bool Hold(std::size_t bytes);
  bool Step();
  bool ReadHead();
  void WaitForTurn();
  bool ReadBody();
  bool DiscardRest();
  void OnHead();
  void StartBody();
  void Refuse(Answer answer);
  void RespondError(const Error& error);
  // Whether the client has sent more than this request, as far as that is known.
  [[nodiscard]] bool HasUnread() const;
  void Send(Answer answer, bool keep, State after);
  void FinishAnswer();
  // Makes one chunk of them, if the answer has chunks; false if they are longer than it may be.
  bool Frame(std::vector<AnswerPiece>& pieces);
  void StartLinger();
  void CheckHead(SteadyTime now);
  void CheckRate(SteadyTime now);
  void CheckStall(SteadyTime now);
  void CheckClient();
  void Close();

  const HttpOptions& options_;
  Site& site_;
  EdgeState& edge_;
  std::unique_ptr<Wire> wire_;
  AnswerWriter writer_;
  const std::shared_ptr<ReactorLink> reactor_;
  const IpAddress peer_;

  State state_ = State::kHead;
  State after_ = State::kHead;  // where to go once the answer is written
  RequestParser parser_;
  BodyReader body_;
  Exchange exchange_;
  std::shared_ptr<Pending> pending_;

  std::string buffered_;  // input that waits for its turn, from buffered_at_ on
  std::size_t buffered_at_ = 0;
  Ledger::Charge held_;
  std::string_view input_;  // what Advance works on
  bool advancing_ = false;
  int requests_in_a_row_ = 0;
  bool waits_for_turn_ = false;
  bool paused_ = false;

  int status_ = 0;                     // of the answer that is going out
  std::optional<std::uint64_t> left_;  // bytes that are to come of it; nothing: it is in chunks

  SteadyTime since_;                // when this state, or its window of observation, began
  std::uint64_t received_ = 0;      // bytes in that window
  std::uint64_t taken_before_ = 0;  // what the client's side had taken when it began
};

// Calls it; an exception ends this connection and nothing else.
template <class Call>
void CloseIfThrown(Connection& connection, const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    connection.OnFailure(error.what());
  }
}

}  // namespace headrace
