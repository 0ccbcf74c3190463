#include "http/edge/tls_wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <new>
#include <utility>

namespace headrace {
namespace {

constexpr std::size_t kRecord = std::size_t{16} << 10;  // most bytes of one TLS record

}  // namespace

TlsWire::TlsWire(TlsSession session, std::unique_ptr<Wire> socket)
    : session_(std::move(session)), socket_(std::move(socket)) {
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (in == nullptr || out == nullptr) throw std::bad_alloc();
  SSL_set_bio(session_.get(), in, out);  // which owns them now
}

void TlsWire::OnInput(std::string_view bytes,
                      const std::function<void(std::string_view)>& receive) {
  SSL* const tls = session_.get();
  BIO_write(SSL_get_rbio(tls), bytes.data(), static_cast<int>(bytes.size()));
  std::array<char, kRecord> plain;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
  int size = 0;
  while (!closed_ && (size = SSL_read(tls, plain.data(), static_cast<int>(plain.size()))) > 0) {
    receive(std::string_view(plain.data(), static_cast<std::size_t>(size)));
  }
  if (closed_) return;
  const bool waits = SSL_get_error(tls, size) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  Flush(false);  // the handshake's next message, or the alert
  if (!waits) Close();
}

bool TlsWire::SendText(std::string text, bool more) {
  if (closed_) return false;
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
  BIO* const out = SSL_get_wbio(session_.get());
  const std::size_t size = BIO_ctrl_pending(out);
  if (size == 0) return socket_->Unsent() == 0;
  std::string packed(size, '\0');
  BIO_read(out, packed.data(), static_cast<int>(size));
  return socket_->SendText(std::move(packed), more);
}

void TlsWire::ShutdownWrite() {
  if (SSL_is_init_finished(session_.get()) != 0) SSL_shutdown(session_.get());
  ERR_clear_error();
  Flush(false);
  socket_->ShutdownWrite();
}

void TlsWire::Close() {
  if (std::exchange(closed_, true)) return;
  if (SSL_is_init_finished(session_.get()) != 0) SSL_shutdown(session_.get());
  ERR_clear_error();
  Flush(false);
  socket_->Close();
}

}  // namespace headrace
