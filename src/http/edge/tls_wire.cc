#include "http/edge/tls_wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr std::size_t kRecord = std::size_t{16} << 10;  // most bytes of one TLS record
constexpr std::size_t kRecordFrame = 64;                // more than it adds to them
// Bytes that a session may say of itself before its client sends data and has read all.
constexpr std::size_t kMostSaid = std::size_t{64} << 10;

// What a client reads that does not speak TLS.
std::string PlainAnswer() {
  const Answer answer = ProblemAnswer(
      {ErrorCode::kInvalidArgument, "plain-http", "this port speaks TLS; use https://", {}});
  return FormatHead(answer, {.http11 = true, .keep_alive = false}, answer.text.size()) +
         answer.text;
}

}  // namespace

TlsWire::TlsWire(TlsSession session, std::unique_ptr<Wire> socket)
    : session_(std::move(session)), socket_(std::move(socket)) {
  bytes_.Serve(session_);
}

void TlsWire::OnInput(std::string_view bytes,
                      const std::function<void(std::string_view)>& receive) {
  SSL* const tls = session_.get();
  bytes_.in = bytes;
  const bool shaken = SSL_is_init_finished(tls) != 0;
  std::array<char, kRecord> plain;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
  int size = 0;
  while (!closed_ && (size = SSL_read(tls, plain.data(), static_cast<int>(plain.size()))) > 0) {
    receive(std::string_view(plain.data(), static_cast<std::size_t>(size)));
    if (socket_->Unsent() == 0) said_ = 0;
  }
  if (closed_) return;
  const bool waits = SSL_get_error(tls, size) == SSL_ERROR_WANT_READ;
  const bool is_http = !shaken && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  if (shaken) said_ += bytes_.out.size();
  Flush(false);  // the handshake's next message, the answer to a renewed key, or the alert
  if (is_http) socket_->SendText(PlainAnswer(), false);
  if (!waits || said_ > kMostSaid) Close();
}

bool TlsWire::SendText(std::string text, bool more) {
  if (closed_) return false;
  // Growing step by step would cost more than the cipher.
  const std::size_t records = text.size() / kRecord + 1;
  bytes_.out.reserve(bytes_.out.size() + text.size() + records * kRecordFrame);
  if (!text.empty() && SSL_write(session_.get(), text.data(), static_cast<int>(text.size())) <= 0) {
    ERR_clear_error();
    Close();
    return false;
  }
  return Flush(more);
}

bool TlsWire::SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) {
  const auto bytes = payload.Bytes().subspan(offset, size);
  return SendText({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, more);
}

// What the session has to say goes to the socket.
bool TlsWire::Flush(bool more) {
  if (bytes_.out.empty()) return socket_->Unsent() == 0;
  return socket_->SendText(std::exchange(bytes_.out, {}), more);
}

void TlsWire::ShutdownWrite() {
  if (SSL_is_init_finished(session_.get()) != 0) SSL_shutdown(session_.get());
  ERR_clear_error();
  Flush(false);
  socket_->ShutdownWrite();
}

void TlsWire::Close() {
  if (std::exchange(closed_, true)) return;
  bytes_.in = {};  // the caller's, who may not be there any more
  if (SSL_is_init_finished(session_.get()) != 0) SSL_shutdown(session_.get());
  ERR_clear_error();
  Flush(false);
  socket_->Close();
}

}  // namespace headrace
