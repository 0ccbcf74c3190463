#include "http/edge/tls_wire.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/words.h"
#include "connection_fixture.h"
#include "support/tls_client.h"

namespace headrace {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kRead = 64 * kKiB;      // bytes that a reactor reads at once
constexpr std::size_t kPortion = 192 * kKiB;  // more than an answer's writer sends at once

// A server's wire, and a client of TLS 1.3 whose bytes go to it, and back, when they are told to.
class TlsPair {
 public:
  TlsPair(const TlsContext& context, FakeWire::State& socket)
      : socket_(socket), wire_(context.NewSession(), std::make_unique<FakeWire>(socket)) {}

  void ShakeHands() {
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_bio(client_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    while (SSL_connect(client_.get()) != 1) Exchange();
    Exchange();
  }
  void Send(const std::string& text) {
    SSL_write(client_.get(), text.data(), static_cast<int>(text.size()));
    ToServer();
  }
  // To which the server has to say something.
  void RenewKeys() {
    SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client_.get());
    ToServer();
  }
  // All that has come so far.
  std::string Read() {
    ToClient();
    std::string text;
    std::string some(kRead, '\0');
    for (int size = 0;
         (size = SSL_read(client_.get(), some.data(), static_cast<int>(some.size()))) > 0;) {
      text.append(some, 0, static_cast<std::size_t>(size));
    }
    return text;
  }
  void ForgetClient() { client_.reset(); }
  TlsWire& wire() { return wire_; }
  [[nodiscard]] const std::string& received() const { return received_; }
  void Forget() { FreeMemory(received_); }

 private:
  void ToServer() {
    std::string bytes(BIO_ctrl_pending(SSL_get_wbio(client_.get())), '\0');
    BIO_read(SSL_get_wbio(client_.get()), bytes.data(), static_cast<int>(bytes.size()));
    for (std::string_view rest = bytes; !rest.empty();) {
      wire_.OnInput(rest.substr(0, kRead), [this](std::string_view text) { received_ += text; });
      rest.remove_prefix(std::min(kRead, rest.size()));
    }
  }
  void ToClient() {
    BIO_write(SSL_get_rbio(client_.get()), socket_.sent.data(),
              static_cast<int>(socket_.sent.size()));
    FreeMemory(socket_.sent);
  }
  void Exchange() {
    ToServer();
    ToClient();
  }

  FakeWire::State& socket_;
  TlsWire wire_;
  std::string received_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> client_context_{SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> client_{nullptr, SSL_free};
};

class TlsWireTest : public testing::Test {
 protected:
  TlsWireTest() {
    const Certificate certificate("wire");
    auto loaded = TlsContext::Load(certificate.certificate(), certificate.key());
    if (loaded) context_ = *std::move(loaded);
  }

  FakeWire::State socket_;
  std::shared_ptr<const TlsContext> context_;
};

TEST_F(TlsWireTest, HoldsNothingOfWhatHasPassed) {
  const std::string large(kPortion, 'x');
  const auto used = [&] {
    const std::size_t before = mallinfo2().uordblks;
    TlsPair pair(*context_, socket_);
    pair.ShakeHands();
    pair.Send(large);
    EXPECT_EQ(pair.received(), large);
    EXPECT_TRUE(pair.wire().SendText(large, false));
    EXPECT_EQ(pair.Read(), large);
    pair.Forget();
    pair.ForgetClient();
    return mallinfo2().uordblks - std::min<std::size_t>(before, mallinfo2().uordblks);
  };
  used();  // what OpenSSL makes once
  EXPECT_LT(used(), 64 * kKiB);
}

// Each request for new keys is answered: without a bound the answers would fill the memory.
TEST_F(TlsWireTest, ClosesAClientThatMakesTheSessionTalkAndReadsNothing) {
  constexpr int kMany = 100'000;
  TlsPair pair(*context_, socket_);
  pair.ShakeHands();
  socket_.room = 0;
  for (int i = 0; i < kMany && !socket_.closed; ++i) pair.RenewKeys();
  EXPECT_TRUE(socket_.closed);
  EXPECT_LT(socket_.unsent, 128 * kKiB);
}

TEST_F(TlsWireTest, RenewsKeysForAClientThatReadsAndSends) {
  TlsPair pair(*context_, socket_);
  pair.ShakeHands();
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 100; ++i) pair.RenewKeys();
    pair.Read();
    pair.Send("x");
  }
  EXPECT_FALSE(socket_.closed);
  EXPECT_EQ(pair.received(), std::string(50, 'x'));
}

}  // namespace
}  // namespace headrace
