#include "net/http_transfer.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <system_error>

#include "base/words.h"
#include "net/curl_handles.h"

namespace headrace {
namespace {

constexpr long kBuffer = 64L << 10U;  // bytes that are read and sent at once
constexpr long kKeepAliveSeconds =
    15;  // a server whose machine has died is noticed while it thinks

constexpr const char* kSchemes = "http,https";

// No other process of this machine gets the socket: its end is the connection's end.
curl_socket_t OpenSocket(void* /*self*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// What would make libcurl do more than it is told to.
void SetBounds(CurlSetter& setter) {
  setter.Set(CURLOPT_NOSIGNAL, 1L);
  setter.Set(CURLOPT_PROXY, "");  // the environment may name one
  setter.Set(CURLOPT_PROTOCOLS_STR, kSchemes);
  setter.Set(CURLOPT_FOLLOWLOCATION, 0L);
  setter.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  setter.Set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  setter.Set(CURLOPT_QUICK_EXIT, 1L);  // a name that does not resolve holds nobody up
  setter.Set(CURLOPT_TCP_KEEPALIVE, 1L);
  setter.Set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  setter.Set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  setter.Set(CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  setter.Set(CURLOPT_BUFFERSIZE, kBuffer);
  setter.Set(CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
}

// CURLINFO_CONTENT_LENGTH_DOWNLOAD_T is not there yet when the head ends. Nothing where the field
// is not what the body's length is judged by (RFC 9112, 6.3).
std::optional<std::uint64_t> ContentLength(CURL* easy) {
  curl_header* field = nullptr;
  if (curl_easy_header(easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &field) == CURLHE_OK ||
      curl_easy_header(easy, "Content-Length", 0, CURLH_HEADER, -1, &field) != CURLHE_OK ||
      field->amount != 1) {
    return std::nullopt;
  }
  return ParseNumberAll<std::uint64_t>(field->value);
}

std::string FieldText(CURL* easy, const std::string& name) {
  curl_header* field = nullptr;
  if (curl_easy_header(easy, name.c_str(), 0, CURLH_HEADER, -1, &field) != CURLHE_OK) return {};
  return field->value;
}

// "chunked" is undone, "identity" is none.
std::string CodingOf(CURL* easy) {
  for (const char* const name : {"Content-Encoding", "Transfer-Encoding"}) {
    std::string coding = FieldText(easy, name);
    const bool none = coding.empty() || curl_strequal(coding.c_str(), "identity") != 0 ||
                      curl_strequal(coding.c_str(), "chunked") != 0;
    if (!none) return coding;
  }
  return {};
}

}  // namespace

bool HttpTransfer::Attach(const HttpClientOptions& options, curl_slist* list) {
  moved_ = SteadyClock::now();
  CurlSetter setter(easy_);
  SetBounds(setter);
  SetTls(setter, options.ca_file);
  setter.Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  setter.Set(CURLOPT_URL, request_.url.c_str());
  setter.Set(CURLOPT_POST, 1L);
  setter.Set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  setter.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  setter.Set(CURLOPT_HTTPHEADER, list);
  setter.Set(CURLOPT_READFUNCTION, &HttpTransfer::OnRead);
  setter.Set(CURLOPT_READDATA, static_cast<void*>(this));
  setter.Set(CURLOPT_SEEKFUNCTION, &HttpTransfer::OnSeek);
  setter.Set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  setter.Set(CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeader);
  setter.Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  setter.Set(CURLOPT_WRITEFUNCTION, &HttpTransfer::OnWrite);
  setter.Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  return setter.ok();
}

Deadline HttpTransfer::StallsAt(std::chrono::milliseconds idle_timeout) const {
  const bool sending = sent_ > 0 && sent_ < request_.body.size();
  if (!sending && !in_answer_) return Deadline::Never();
  return Deadline::At(moved_ + idle_timeout);
}

std::size_t HttpTransfer::OnRead(char* room, std::size_t size, std::size_t count, void* self) {
  return static_cast<HttpTransfer*>(self)->Read({room, size * count});
}

int HttpTransfer::OnSeek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<HttpTransfer*>(self)->sent_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// An exception must not pass through libcurl, whose handles would be of no use after it.
template <class Do>
bool HttpTransfer::WithMemory(Do what) {
  try {
    return what();
  } catch (const std::bad_alloc&) {
    out_of_memory_ = true;
    return false;
  }
}

std::size_t HttpTransfer::OnHeader(char* line, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  auto* const transfer = static_cast<HttpTransfer*>(self);
  return transfer->WithMemory([&] { return transfer->Header({line, bytes}); }) ? bytes : 0;
}

std::size_t HttpTransfer::OnWrite(char* bytes, std::size_t size, std::size_t count, void* self) {
  const std::size_t total = size * count;
  auto* const transfer = static_cast<HttpTransfer*>(self);
  const bool wanted = transfer->WithMemory([&] { return transfer->Write({bytes, total}); });
  return wanted ? total : total + 1;  // another number than `total`, which may be 0, is an error
}

// A memfd is read, not mapped: its pages count for nobody, and a lost one is an error, not a
// signal.
std::size_t HttpTransfer::Read(std::span<char> room) {
  moved_ = SteadyClock::now();
  const Payload& body = request_.body;
  const std::size_t wanted = std::min(room.size(), body.size() - sent_);
  if (wanted == 0) return 0;
  if (!body.InMemfd()) {
    std::memcpy(room.data(), body.Bytes().data() + sent_, wanted);
    sent_ += wanted;
    return wanted;
  }
  ssize_t got = 0;
  do {
    got = pread(body.memfd(), room.data(), wanted, static_cast<off_t>(sent_));
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    refusal_ = "the payload could not be read";
    return CURL_READFUNC_ABORT;
  }
  sent_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

bool HttpTransfer::Header(std::string_view line) {
  moved_ = SteadyClock::now();
  answer_begun_ = in_answer_ = true;
  head_bytes_ += line.size();
  if (head_bytes_ > max_head_) {
    refusal_ = fmt::format("its header fields are longer than {} bytes", max_head_);
    return false;
  }
  const bool ends_head = line == "\r\n" || line == "\n";
  return head_complete_ || !ends_head || EndHead();  // after the head they are a trailer's
}

bool HttpTransfer::EndHead() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) {
    in_answer_ = false;
    return true;
  }
  head_complete_ = true;
  HttpHead head;
  head.status = static_cast<int>(status);
  const char* type = nullptr;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &retry_after);
  if (type != nullptr) head.media_type = type;
  head.coding = CodingOf(easy_);
  head.length = ContentLength(easy_);
  head.retry_after = retry_after;
  for (const std::string& name : request_.wanted) head.wanted.push_back(FieldText(easy_, name));
  stopped_ = !sink_.OnHead(head);
  return !stopped_;
}

bool HttpTransfer::Write(std::string_view bytes) {
  moved_ = SteadyClock::now();
  in_round_ = true;
  stopped_ = !sink_.OnBytes(std::as_bytes(std::span(bytes)));
  return !stopped_;
}

bool HttpTransfer::EndRound(bool more) {
  in_round_ = false;
  return WithMemory([&] {
    stopped_ = !sink_.OnRound(more);
    return !stopped_;
  });
}

}  // namespace headrace
