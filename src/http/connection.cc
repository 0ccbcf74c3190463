#include "http/connection.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "http/problem.h"

namespace headrace {
namespace {

constexpr std::uint64_t kSmallRest = std::uint64_t{64} << 10;   // of a refused body: read away
constexpr std::size_t kMaxBuffered = std::size_t{64} << 10;     // pipelined input
constexpr std::size_t kInlinePiece = std::size_t{16} << 10;     // copied beside the head
constexpr std::size_t kMemoryPortion = std::size_t{256} << 10;  // of a large piece in memory
constexpr std::uint64_t kLingerBytes = std::uint64_t{64} << 20;
constexpr std::chrono::seconds kLingerTime{5};
constexpr int kMaxLingering = 256;
constexpr int kClientGone = 499;  // in metrics only

std::string_view View(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Connection::Connection(const HttpOptions& options, Site& site, EdgeState& edge,
                       std::unique_ptr<Wire> wire, std::shared_ptr<ReactorLink> reactor)
    : options_(options),
      site_(site),
      edge_(edge),
      wire_(std::move(wire)),
      reactor_(std::move(reactor)),
      parser_({options.max_request_line, options.max_header_bytes, options.max_header_fields}),
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

// Nothing is read while an answer is on its way: what the client sends meanwhile need not be kept,
// and a client that has closed its side of the connection still gets the answer it was promised. A
// client that has gone for good fails the write.
void Connection::UpdateReading() {
  if (state_ == State::kClosed) return;
  const std::size_t waiting = buffered_.size() - buffered_at_;
  const bool pause =
      state_ == State::kWriting || waiting > (paused_ ? kMaxBuffered / 2 : kMaxBuffered);
  if (pause == paused_) return;
  paused_ = pause;
  pause ? wire_->PauseReading() : wire_->ResumeReading();
}

void Connection::Advance() {
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
    case State::kWriting:
      return false;
  }
  return false;
}

bool Connection::ReadHead() {
  if (input_.empty()) return false;
  if (parser_.Untouched()) {
    since_ = SteadyClock::now();
    exchange_ = Exchange{};
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
  } else if (!head.chunked && *head.content_length <= kSmallRest + input_.size()) {
    body_.StartDiscard(*head.content_length);
    Send(std::move(answer), head.keep_alive, State::kDiscard);
  } else {
    answer.close = true;
    Send(std::move(answer), false, State::kLinger);
  }
}

// The request cannot be understood any further, so the connection ends with it.
void Connection::RespondError(const Error& error) {
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

void Connection::Send(Answer answer, bool keep, State after) {
  keep = keep && !answer.close && !edge_.draining.load(std::memory_order_relaxed);
  // A close with unread input would reset the connection and destroy the answer on its way.
  const bool drained = after == State::kHead && input_.empty();
  after_ = keep ? after : drained ? State::kClosed : State::kLinger;
  status_ = answer.status;
  state_ = State::kWriting;
  since_ = SteadyClock::now();
  last_unsent_ = 0;
  exchange_.body.reset();

  answer.fields += exchange_.answer_fields;
  const bool http11 = exchange_.head == nullptr || exchange_.head->http11;
  std::size_t together = answer.text.size();  // what leaves in one write with the head
  for (const auto& piece : answer.pieces) {
    if (piece.payload.InMemfd() || together + piece.size() > kInlinePiece) break;
    together += piece.size();
  }
  std::string text = FormatHead(answer, {http11, keep}, together);
  if (exchange_.method != HttpMethod::kHead) {
    text += answer.text;
    std::move(answer.pieces.begin(), answer.pieces.end(), std::back_inserter(pieces_));
    TakeSmallPieces(text);
  }
  Pump(wire_->SendText(std::move(text), !pieces_.empty()));
}

// Moves what fits beside the head into the same write.
void Connection::TakeSmallPieces(std::string& text) {
  while (!pieces_.empty() && !pieces_.front().payload.InMemfd() &&
         text.size() + pieces_.front().size() <= text.capacity()) {
    text += pieces_.front().text;
    text += View(pieces_.front().payload);
    pieces_.pop_front();
  }
  if (!pieces_.empty()) text += std::exchange(pieces_.front().text, {});
}

// Sends on as long as the kernel takes it.
void Connection::Pump(bool sent) {
  while (sent && state_ == State::kWriting && !pieces_.empty()) sent = SendPiece();
  if (sent && state_ == State::kWriting) FinishAnswer();
}

bool Connection::SendPiece() {
  AnswerPiece& piece = pieces_.front();
  const bool last = pieces_.size() == 1;
  if (!piece.text.empty()) {
    std::string text = std::move(piece.text);
    piece.text.clear();
    const bool only = piece.payload.size() == 0;
    if (only) pieces_.pop_front();
    return wire_->SendText(std::move(text), !(only && last));
  }
  if (piece.payload.InMemfd()) {
    const Payload payload = std::move(piece.payload);
    pieces_.pop_front();
    return wire_->SendFile(payload, !last);
  }
  // In memory: sent in portions, so that a slow reader costs one portion and not a second copy.
  const std::string_view portion = View(piece.payload).substr(piece_at_, kMemoryPortion);
  std::string text(portion);
  piece_at_ += portion.size();
  const bool done = piece_at_ == piece.payload.size();
  if (done) {
    pieces_.pop_front();
    piece_at_ = 0;
  }
  return wire_->SendText(std::move(text), !(done && last));
}

void Connection::OnWritten() {
  if (state_ != State::kWriting) return;
  Pump(true);
  if (state_ != State::kWriting && !advancing_) AdvanceBuffered();
}

void Connection::FinishAnswer() {
  site_.OnAnswered(exchange_, status_);
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

void Connection::OnClosed() {
  if (state_ == State::kClosed) return;
  const State was = std::exchange(state_, State::kClosed);
  if (was == State::kLinger && after_ == State::kLinger) edge_.lingering.fetch_sub(1);
  if (was == State::kBusy || was == State::kBody || was == State::kWriting) {
    site_.OnAnswered(exchange_, kClientGone);
  }
  pieces_.clear();
  if (auto pending = std::exchange(pending_, nullptr)) pending->Abandon();
}

void Connection::OnTick(SteadyTime now) {
  switch (state_) {
    case State::kHead:
      CheckHead(now);
      return;
    case State::kBody:
      CheckRate(now);
      return;
    case State::kWriting:
      CheckStall(now);
      return;
    case State::kDiscard:
      if (now - since_ > options_.body_timeout) Close();
      return;
    case State::kLinger:
      if (now - since_ > kLingerTime) Close();
      return;
    case State::kBusy:  // the job has its own deadline
    case State::kClosed:
      return;
  }
}

void Connection::CheckHead(SteadyTime now) {
  const bool idle = parser_.Untouched();
  const bool ending = idle && edge_.draining.load(std::memory_order_relaxed);
  if (ending || (idle && now - since_ > options_.idle_timeout)) {
    Close();
  } else if (!idle && now - since_ > options_.header_timeout) {
    RespondError({ErrorCode::kRequestTimeout, "", "the request's head took too long", "", 0});
  }
}

void Connection::CheckRate(SteadyTime now) {
  const Seconds window = now - since_;
  if (window <= options_.body_timeout) return;
  const double wanted = static_cast<double>(options_.min_body_rate) * window.count();
  if (received_ == 0 || static_cast<double>(received_) < wanted) {
    RespondError({ErrorCode::kRequestTimeout, "", "the request's body came too slowly", "", 0});
    return;
  }
  since_ = now;
  received_ = 0;
}

void Connection::CheckStall(SteadyTime now) {
  const std::size_t unsent = wire_->Unsent();
  if (unsent != last_unsent_) {
    last_unsent_ = unsent;
    since_ = now;
  } else if (now - since_ > options_.write_timeout) {
    Close();
  }
}

}  // namespace headrace
