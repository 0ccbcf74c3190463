#include "net/webhook_transfer.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "net/address_guard.h"

namespace headrace {
namespace {

constexpr const char* kUserAgent = "headrace-webhook";

WebhookTransfer* Self(void* self) { return static_cast<WebhookTransfer*>(self); }

}  // namespace

WebhookTransfer::WebhookTransfer(const WebhookClientOptions& options, WebhookRequest request,
                                 WebhookClient::Done done)
    : options_(options),
      request_(std::move(request)),
      done_(std::move(done)),
      easy_(curl_easy_init()) {}

bool WebhookTransfer::Attach() {
  if (!easy_ || !FillFields()) return false;
  CurlSetter setter(easy_.get());
  SetBounds(setter);
  SetTls(setter, options_.ca_file);
  SetRequest(setter);
  return setter.ok();
}

// libcurl's own fields are taken away: it would wait for 100 Continue, and call any body a form.
bool WebhookTransfer::FillFields() {
  bool whole = Append(fields_, "Expect:") && Append(fields_, "Content-Type:");
  for (const std::string& field : request_.fields) {
    whole = whole && Append(fields_, field.c_str());
  }
  return whole;
}

// What would make libcurl do more than it is told to.
void WebhookTransfer::SetBounds(CurlSetter& setter) {
  setter.Set(CURLOPT_NOSIGNAL, 1L);
  setter.Set(CURLOPT_PROXY, "");  // the environment may name one
  setter.Set(CURLOPT_PROTOCOLS_STR, options_.allow_http ? "http,https" : "https");
  setter.Set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  setter.Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  setter.Set(CURLOPT_FOLLOWLOCATION, 0L);
  setter.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  setter.Set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  setter.Set(CURLOPT_QUICK_EXIT, 1L);  // a name that does not resolve holds nobody up
  setter.Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  setter.Set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  setter.Set(CURLOPT_OPENSOCKETFUNCTION, &WebhookTransfer::OnSocket);
  setter.Set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
}

void WebhookTransfer::SetRequest(CurlSetter& setter) {
  setter.Set(CURLOPT_URL, request_.url.c_str());
  setter.Set(CURLOPT_POST, 1L);
  setter.Set(CURLOPT_POSTFIELDS, request_.body.c_str());  // read from there
  setter.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  setter.Set(CURLOPT_USERAGENT, kUserAgent);
  setter.Set(CURLOPT_HTTPHEADER, fields_.get());
  setter.Set(CURLOPT_ERRORBUFFER, error_.data());
  setter.Set(CURLOPT_PRIVATE, static_cast<void*>(this));
  setter.Set(CURLOPT_HEADERFUNCTION, &WebhookTransfer::OnHeader);
  setter.Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  setter.Set(CURLOPT_WRITEFUNCTION, &WebhookTransfer::OnWrite);
  setter.Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

curl_socket_t WebhookTransfer::OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  return Self(self)->Open(purpose, *address);
}

// libcurl connects to what stands in `address`, and to nothing else.
curl_socket_t WebhookTransfer::Open(curlsocktype purpose, const curl_sockaddr& address) {
  const bool tcp = purpose == CURLSOCKTYPE_IPCXN && address.socktype == SOCK_STREAM &&
                   (address.protocol == 0 || address.protocol == IPPROTO_TCP);
  const std::string_view refusal =
      tcp ? AddressRefusal(&address.addr, address.addrlen, options_.allow_private) : "not TCP";
  if (!refusal.empty()) {
    refusal_ = refusal;
    return CURL_SOCKET_BAD;
  }
  allowed_ = true;
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

std::size_t WebhookTransfer::OnHeader(char* line, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return Self(self)->Header({line, bytes}) ? bytes : 0;
}

bool WebhookTransfer::Header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > options_.max_head) return false;
  if (answered_ || (line != "\r\n" && line != "\n")) return true;
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  answered_ = status >= 200;
  return true;
}

std::size_t WebhookTransfer::OnWrite(char* /*bytes*/, std::size_t size, std::size_t count,
                                     void* self) {
  const std::size_t total = size * count;
  Self(self)->body_bytes_ += total;
  const bool wanted = Self(self)->body_bytes_ <= Self(self)->options_.max_answer;
  return wanted ? total : total + 1;  // another number than `total` ends the transfer
}

// A receiver that has sent its status has answered, however it goes on.
WebhookAnswer WebhookTransfer::Answer(CURLcode code) const {
  WebhookAnswer answer;
  if (answered_) {
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after);
    answer.end = WebhookEnd::kAnswered;
    answer.status = static_cast<int>(status);
    answer.retry_after = std::chrono::seconds(std::max<curl_off_t>(retry_after, 0));
    answer.detail = fmt::format("status {}", status);
    return answer;
  }
  if (!refusal_.empty() && !allowed_) {
    answer.end = WebhookEnd::kRefused;
    answer.detail = fmt::format("its address is refused ({})", refusal_);
    return answer;
  }
  long sent = 0;  // what is no HTTP answer is an "unsupported protocol" as well
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
  const bool refused = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
                       code == CURLE_LOGIN_DENIED;
  answer.end = refused && sent == 0 ? WebhookEnd::kRefused : WebhookEnd::kFailed;
  if (head_bytes_ > options_.max_head) {
    answer.detail = fmt::format("its header fields are longer than {} bytes", options_.max_head);
  } else if (code == CURLE_OK) {
    answer.detail = "its answer ended within its header fields";
  } else {
    answer.detail = error_.front() == '\0' ? curl_easy_strerror(code) : error_.data();
  }
  return answer;
}

}  // namespace headrace
