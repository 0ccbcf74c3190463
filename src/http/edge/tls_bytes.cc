#include "http/edge/tls_bytes.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>

namespace headrace {
namespace {

TlsBytes* BytesOf(BIO* bio) { return static_cast<TlsBytes*>(BIO_get_data(bio)); }

int Read(BIO* bio, char* room, int size) {
  BIO_clear_retry_flags(bio);
  std::string_view& in = BytesOf(bio)->in;
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t read = in.copy(room, static_cast<std::size_t>(std::max(size, 0)));
  in.remove_prefix(read);
  return static_cast<int>(read);
}

// An error ends the session. No exception may pass through OpenSSL.
int Write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  try {
    BytesOf(bio)->out.append(bytes, static_cast<std::size_t>(std::max(size, 0)));
  } catch (const std::exception&) {
    return -1;
  }
  return size;
}

// NOLINTNEXTLINE(google-runtime-int): OpenSSL's signature
long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct FreeMethod {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using Method = std::unique_ptr<BIO_METHOD, FreeMethod>;

Method MakeMethod() {
  Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "headrace"));
  if (!method) throw std::bad_alloc();
  BIO_meth_set_read(method.get(), Read);
  BIO_meth_set_write(method.get(), Write);
  BIO_meth_set_ctrl(method.get(), Control);
  return method;
}

}  // namespace

void TlsBytes::Serve(const TlsSession& session) {
  static const Method kMethod = MakeMethod();
  BIO* const bio = BIO_new(kMethod.get());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);  // which owns it now
}

}  // namespace headrace
