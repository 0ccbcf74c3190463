#include "http/edge/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/words.h"
#include "http/edge/reactor_link.h"
#include "http/message/gzip.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr std::uint64_t kSmallRest = std::uint64_t{64} << 10;  // of a refused body: read away
constexpr std::size_t kMaxBuffered = std::size_t{64} << 10;    // pipelined input
constexpr int kRequestsInARow = 16;
constexpr std::size_t kKeptBuffer = 4096;  // bytes, of an idle connection
constexpr std::size_t kUncounted = 8192;   // bytes held of requests to come
constexpr std::uint64_t kLingerBytes = std::uint64_t{64} << 20;
constexpr int kMaxLingering = 256;

}  // namespace

// All that it stands between. NOLINTNEXTLINE(readability-function-size)
Connection::Connection(const HttpOptions& options, Site& site, EdgeState& edge,
                       std::unique_ptr<Wire> wire, std::shared_ptr<ReactorLink> reactor,
                       const IpAddress& peer)
    : options_(options),
      site_(site),
      edge_(edge),
      wire_(std::move(wire)),
      writer_(*wire_),
      reactor_(std::move(reactor)),
      peer_(peer),
      parser_({options.max_request_line, options.max_header_bytes, options.max_header_fields}),
      held_(edge.held.ChargeAnyway(MemoryUse::kUploads, 0)),
      since_(SteadyClock::now()) {}

void Connection::OnInput(std::string_view bytes) {
  if (state_ == State::kClosed) return;
  if (buffered_at_ < buffered_.size()) {
    buffered_.append(bytes);
    AdvanceBuffered();
  } else {
    input_ = bytes;
    Advance();
    buffered_.assign(input_);
    buffered_at_ = 0;
    input_ = {};
  }
  UpdateReading();
}

void Connection::AdvanceBuffered() {
  input_ = std::string_view(buffered_).substr(buffered_at_);
  Advance();
  buffered_at_ = buffered_.size() - input_.size();
  input_ = {};
  if (buffered_at_ > kMaxBuffered || buffered_at_ == buffered_.size()) {
    buffered_.erase(0, buffered_at_);
    buffered_at_ = 0;
  }
  UpdateReading();
}

// It holds so many of requests to come. False: that is more than it did, and more than is left.
bool Connection::Hold(std::size_t bytes) {
  const std::size_t counted = bytes > kUncounted ? bytes : 0;
  if (counted > held_.bytes()) return held_.Grow(counted - held_.bytes());
  held_.ShrinkTo(counted);
  return true;
}

// Nothing is read while an answer is on its way: what the client sends meanwhile need not be kept,
// and a client that has closed its side of the connection still gets the answer it was promised. A
// client that has gone for good fails the write. The same holds while the rest of a pipeline waits
// for its turn.
void Connection::UpdateReading() {
  if (state_ == State::kClosed) return;
  const std::size_t waiting = buffered_.size() - buffered_at_;
  if (waiting == 0 && buffered_.capacity() > kKeptBuffer) {
    FreeMemory(buffered_);
    buffered_at_ = 0;
  }
  if (!Hold(parser_.Held() + buffered_.capacity())) {
    return OnFailure("all connections together hold as many bytes of requests as they may");
  }
  const bool pause = state_ == State::kWriting || waits_for_turn_ ||
                     waiting > (paused_ ? kMaxBuffered / 2 : kMaxBuffered);
  if (pause == paused_) return;
  paused_ = pause;
  pause ? wire_->PauseReading() : wire_->ResumeReading();
}

// Other connections come first, however many requests this one has sent at once.
void Connection::WaitForTurn() {
  waits_for_turn_ = true;
  reactor_->Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->waits_for_turn_ = false;
    CloseIfThrown(*self, [&] { self->AdvanceBuffered(); });
  });
}

void Connection::Advance() {
  requests_in_a_row_ = 0;
  advancing_ = true;
  while (Step()) {
  }
  advancing_ = false;
}

// One step through the input; false when more input or an answer is needed first.
bool Connection::Step() {
  switch (state_) {
    case State::kHead:
      return ReadHead();
    case State::kBody:
      return ReadBody();
    case State::kDiscard:
      return DiscardRest();
    case State::kLinger:
      received_ += input_.size();
      input_ = {};
      if (received_ > kLingerBytes) Close();
      return false;
    case State::kClosed:
      input_ = {};
      return false;
    case State::kBusy:
    case State::kStream:
    case State::kWriting:
      return false;
  }
  return false;
}

bool Connection::ReadHead() {
  if (input_.empty() || waits_for_turn_) return false;
  if (reactor_ && parser_.Untouched() && requests_in_a_row_++ == kRequestsInARow) {
    WaitForTurn();
    return false;
  }
  if (parser_.Untouched()) {
    since_ = SteadyClock::now();
    exchange_.started = since_;
  }
  input_.remove_prefix(parser_.Feed(input_));
  if (parser_.state() == RequestParser::State::kMore) return false;
  if (parser_.state() == RequestParser::State::kFailed) {
    RespondError(parser_.error());
  } else {
    OnHead();
  }
  return true;
}

void Connection::OnHead() {
  exchange_.head = &parser_.head();
  exchange_.method = ParseMethod(parser_.head().method);
  exchange_.client = edge_.proxies.ClientOf(peer_, parser_.head());
  if (auto answer = site_.OnHeaders(exchange_)) {
    Refuse(*std::move(answer));
  } else if (parser_.head().HasBody()) {
    StartBody();
  } else {
    state_ = State::kBusy;
    site_.OnRequest(*this);
  }
}

void Connection::StartBody() {
  const RequestHead& head = parser_.head();
  if (head.chunked) {
    body_.StartChunked(options_.max_body, exchange_.body.get());
  } else {
    body_.StartLength(*head.content_length, options_.max_body, exchange_.body.get());
  }
  state_ = State::kBody;
  since_ = SteadyClock::now();
  received_ = 0;
  if (head.expect_continue && input_.empty())
    wire_->SendText("HTTP/1.1 100 Continue\r\n\r\n", false);
}

bool Connection::ReadBody() {
  if (body_.state() == BodyReader::State::kMore) {
    const std::size_t taken = body_.Feed(input_);
    received_ += taken;
    input_.remove_prefix(taken);
  }
  switch (body_.state()) {
    case BodyReader::State::kMore:
      return false;
    case BodyReader::State::kFailed:
      RespondError(body_.error());
      return true;
    case BodyReader::State::kDone:
      state_ = State::kBusy;
      site_.OnRequest(*this);
      return true;
  }
  return false;
}

bool Connection::DiscardRest() {
  input_.remove_prefix(body_.Feed(input_));
  if (body_.state() == BodyReader::State::kMore) return false;
  if (body_.state() == BodyReader::State::kFailed) {  // longer than what is read away
    state_ = after_ = State::kLinger;
    since_ = SteadyClock::now();
    received_ = 0;
    StartLinger();
    return true;
  }
  parser_.Reset();
  state_ = State::kHead;
  since_ = SteadyClock::now();
  return true;
}

// Answers without the body. A small one is read away afterwards, so that the connection can be used
// again; else the client is made to read its answer before the connection ends.
void Connection::Refuse(Answer answer) {
  const RequestHead& head = parser_.head();
  if (!head.HasBody()) {
    Send(std::move(answer), head.keep_alive, State::kHead);
  } else if (head.chunked) {
    body_.StartChunked(kSmallRest, nullptr);
    Send(std::move(answer), head.keep_alive, State::kDiscard);
  } else if (*head.content_length <= kSmallRest + input_.size()) {
    body_.StartDiscard(*head.content_length);
    Send(std::move(answer), head.keep_alive, State::kDiscard);
  } else {
    answer.close = true;
    Send(std::move(answer), false, State::kLinger);
  }
}

// The request cannot be understood any further, so the connection ends with it.
void Connection::RespondError(const Error& error) {
  if (!error.detail.empty() && edge_.failures.Allows()) {
    LogWarn("a request failed: {detail}", {{"detail", error.detail}});
  }
  Answer answer = ProblemAnswer(error);
  answer.close = true;
  Send(std::move(answer), false, State::kLinger);
}

void Connection::Respond(Answer answer) {
  if (state_ != State::kBusy) return;
  pending_.reset();
  Send(std::move(answer), parser_.head().keep_alive, State::kHead);
  if (!advancing_) AdvanceBuffered();
}

void Connection::RespondStream(Answer head) {
  if (state_ != State::kBusy) return;
  Send(std::move(head), parser_.head().keep_alive, State::kHead);
}

// One chunk (RFC 9112, 7.1), or as much of a body whose length is told. What is longer than that
// would be read as the next answer.
void Connection::Stream(std::vector<AnswerPiece> pieces) {
  if (state_ != State::kStream) return;
  if (!Frame(pieces)) return Close();
  if (!pieces.empty()) writer_.Add(std::move(pieces));
}

bool Connection::Frame(std::vector<AnswerPiece>& pieces) {
  std::uint64_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  if (left_ && size > *left_) return false;
  if (size == 0) {
    pieces.clear();  // would be the last chunk
  } else if (left_) {
    *left_ -= size;
  } else {
    pieces.front().text.insert(0, fmt::format("{:x}\r\n", size));
    pieces.push_back({"\r\n", {}});
  }
  return true;
}

void Connection::EndStream(std::string_view trailer, std::vector<AnswerPiece> last) {
  if (state_ != State::kStream) return;
  if (!Frame(last)) return Close();
  if (left_.value_or(0) > 0) return AbortStream();
  pending_.reset();
  state_ = State::kWriting;
  since_ = SteadyClock::now();
  if (!left_) last.push_back({fmt::format("0\r\n{}\r\n", trailer), {}});
  if (writer_.Add(std::move(last))) FinishAnswer();
  AdvanceBuffered();
}

// Without the last chunk or byte, which tells the client that something is missing.
void Connection::AbortStream() {
  if (state_ != State::kStream) return;
  pending_.reset();
  site_.OnAnswered(exchange_, kAnswerCut);
  state_ = State::kLinger;  // OnClosed is still to come
  Close();
}

bool Connection::HasUnread() const {
  if (advancing_) return !input_.empty();
  return paused_ || buffered_at_ < buffered_.size();
}

void Connection::Send(Answer answer, bool keep, State after) {
  keep = keep && !answer.close && !edge_.draining.load(std::memory_order_relaxed);
  // A close with unread input would reset the connection and destroy the answer on its way.
  const bool drained = after == State::kHead && !HasUnread();
  after_ = keep ? after : drained ? State::kClosed : State::kLinger;
  status_ = answer.status;
  left_ = answer.length;
  state_ = answer.streamed ? State::kStream : State::kWriting;
  since_ = SteadyClock::now();
  taken_before_ = writer_.Taken();
  exchange_.body.reset();

  answer.fields += exchange_.answer_fields;
  if (answer.compressible) {
    PackText(answer, exchange_.head == nullptr ? "" : exchange_.head->List("Accept-Encoding"));
  }
  const bool http11 = exchange_.head == nullptr || exchange_.head->http11;
  std::string text = FormatHead(answer, {http11, keep}, answer.text.size());
  if (exchange_.method == HttpMethod::kHead) answer.pieces.clear();
  if (exchange_.method != HttpMethod::kHead) text += answer.text;
  const bool sent = writer_.Start(std::move(text), std::move(answer.pieces));
  if (sent && state_ == State::kWriting) FinishAnswer();
}

void Connection::OnWritten() {
  if (state_ != State::kWriting && state_ != State::kStream) return;
  if (!writer_.Continue() || state_ != State::kWriting) return;
  FinishAnswer();
  if (!advancing_) AdvanceBuffered();
}

void Connection::FinishAnswer() {
  site_.OnAnswered(exchange_, status_);
  exchange_ = Exchange{};
  status_ = 0;
  state_ = after_;
  since_ = SteadyClock::now();
  received_ = 0;
  if (state_ == State::kHead) {
    parser_.Reset();
  } else if (state_ == State::kLinger) {
    StartLinger();
  } else if (state_ == State::kClosed) {
    state_ = State::kLinger;  // OnClosed is still to come
    Close();
  }
}

void Connection::StartLinger() {
  if (edge_.lingering.fetch_add(1) >= kMaxLingering) {
    Close();
    return;
  }
  wire_->ShutdownWrite();
}

void Connection::Close() { wire_->Close(); }

void Connection::OnFailure(const char* what) {
  if (edge_.failures.Allows()) LogError("connection closed: {detail}", {{"detail", what}});
  if (state_ != State::kClosed) Close();
}

void Connection::OnClosed() {
  if (state_ == State::kClosed) return;
  const State was = std::exchange(state_, State::kClosed);
  if (was == State::kLinger && after_ == State::kLinger) edge_.lingering.fetch_sub(1);
  if (was == State::kBusy || was == State::kBody || was == State::kWriting ||
      was == State::kStream) {
    site_.OnAnswered(exchange_, kClientGone);
  }
  writer_.Clear();
  held_.ShrinkTo(0);
  if (auto pending = std::exchange(pending_, nullptr)) pending->Abandon();
}

}  // namespace headrace
