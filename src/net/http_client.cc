#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/curl_handles.h"
#include "net/http_transfer.h"

namespace headrace {
namespace {

constexpr std::chrono::minutes kLongestPoll{1};
// An answer that has made so many pauses trickles: from then on its bytes are given a moment to
// gather after each. Every round may become a piece of its own, which costs memory for as long as
// nobody reads it, however small it is.
constexpr int kPauses = 16;
constexpr int kGatherMs = 1;

// libcurl's own fields are taken away: it would wait for 100 Continue, and call any body a form.
CurlList Fields(const HttpRequest& request) {
  CurlList list;
  bool whole = Append(list, "Expect:") && Append(list, "Content-Type:");
  for (const std::string& field : request.fields) whole = whole && Append(list, field.c_str());
  return whole ? std::move(list) : CurlList();
}

// The connection was lost. If it was a kept one, the server may have closed it before it saw the
// request.
bool IsLoss(CURLcode code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}

HttpEnd EndOf(CURLcode code, const HttpTransfer& transfer) {
  if (transfer.stopped()) return HttpEnd::kStopped;
  if (transfer.out_of_memory()) return HttpEnd::kOutOfResources;
  switch (code) {
    case CURLE_OK:
      return transfer.head_complete() ? HttpEnd::kComplete : HttpEnd::kBroken;
    case CURLE_OUT_OF_MEMORY:
      return HttpEnd::kOutOfResources;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:  // of the connection: the whole has a deadline instead
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
      return HttpEnd::kUnreachable;
    default:
      return HttpEnd::kBroken;
  }
}

}  // namespace

struct HttpClient::Impl {
  enum class Watched { kEnded, kUnwanted, kStalled, kFailed };

  explicit Impl(HttpClientOptions the_options) : options(std::move(the_options)) {
    if (!CurlIsReady() || !StartAfresh()) return;
    easy.reset(curl_easy_init());
  }

  HttpReport Attempt(const HttpRequest& request, HttpSink& sink, const CancelToken& cancel,
                     Deadline deadline);
  Watched Watch(HttpTransfer& transfer, const CancelToken& cancel, Deadline deadline);
  Watched TakeEnd();
  std::optional<Watched> Wait(HttpTransfer& transfer, curl_waitfd& cancelled, Deadline until);
  HttpReport Report(const HttpTransfer& transfer);
  [[nodiscard]] bool Reused() const;
  bool StartAfresh();
  [[nodiscard]] bool HasStrayBytes() const;

  const HttpClientOptions options;
  CurlMulti multi;           // keeps the connection and resolved names
  CurlEasy easy;             // before `multi` in its end
  CURLcode code = CURLE_OK;  // how the last attempt ended
  bool fresh = false;        // the next attempt does not use the kept connection
  int pauses = 0;            // of the answer so far: rounds after which nothing more was there
  bool stale = false;  // the last attempt failed as one on a connection that was closed meanwhile
  curl_socket_t kept = CURL_SOCKET_BAD;  // the connection's, between two requests
  std::array<char, CURL_ERROR_SIZE> error{};
};

bool HttpClient::Impl::Reused() const {
  long connects = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_NUM_CONNECTS, &connects);
  return connects == 0;
}

// Without a connection, and without resolved names. False: no memory; all is as it was.
bool HttpClient::Impl::StartAfresh() {
  CurlMulti next(curl_multi_init());
  if (!next) return false;
  curl_multi_setopt(next.get(), CURLMOPT_MAXCONNECTS, 1L);
  multi = std::move(next);
  kept = CURL_SOCKET_BAD;
  return true;
}

// Something came on the kept connection that nobody has asked for, or its end: libcurl, which looks
// for the end alone, would take it for the answer to the next request.
bool HttpClient::Impl::HasStrayBytes() const {
  pollfd entry{kept, POLLIN, 0};
  return kept != CURL_SOCKET_BAD && poll(&entry, 1, 0) != 0;
}

HttpReport HttpClient::Impl::Attempt(const HttpRequest& request, HttpSink& sink,
                                     const CancelToken& cancel, Deadline deadline) {
  if (HasStrayBytes() && !StartAfresh()) {
    return {HttpEnd::kOutOfResources, "libcurl has no memory"};
  }
  kept = CURL_SOCKET_BAD;
  curl_easy_reset(easy.get());
  error.front() = '\0';
  code = CURLE_OK;
  pauses = 0;
  const CurlList list = Fields(request);
  HttpTransfer transfer(easy.get(), request, sink, options.max_head);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(easy.get(), CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
  if (!list || !transfer.Attach(options, list.get()) ||
      curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) {
    return {HttpEnd::kOutOfResources, "libcurl has no memory"};
  }
  const Watched watched = Watch(transfer, cancel, deadline);
  stale = watched == Watched::kEnded && IsLoss(code) && !transfer.answer_begun() && Reused();
  curl_multi_remove_handle(multi.get(), easy.get());  // closes the connection of an unfinished one
  switch (watched) {
    case Watched::kEnded:
      return Report(transfer);
    case Watched::kUnwanted:
      return {HttpEnd::kUnwanted, "it was not wanted any more"};
    case Watched::kStalled:
      return {HttpEnd::kUnreachable,
              fmt::format("no byte moved for {} ms (idle_timeout)", options.idle_timeout.count())};
    case Watched::kFailed:
      break;
  }
  return {HttpEnd::kOutOfResources, "libcurl cannot poll"};
}

HttpClient::Impl::Watched HttpClient::Impl::Watch(HttpTransfer& transfer, const CancelToken& cancel,
                                                  Deadline deadline) {
  curl_waitfd cancelled{cancel.PollFd(), CURL_WAIT_POLLIN, 0};
  if (cancelled.fd < 0) return Watched::kFailed;
  while (!cancel.Cancelled() && !deadline.Passed()) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return Watched::kFailed;
    if (running == 0) return TakeEnd();
    const Deadline stall = transfer.StallsAt(options.idle_timeout);
    if (stall.Passed()) return Watched::kStalled;
    const Deadline until = std::min({deadline, stall, Deadline::After(kLongestPoll)});
    if (const auto ended = Wait(transfer, cancelled, until)) return *ended;
  }
  return Watched::kUnwanted;
}

HttpClient::Impl::Watched HttpClient::Impl::TakeEnd() {
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(multi.get(), &left);
  if (message == nullptr) return Watched::kFailed;
  code = message->data.result;
  curl_easy_getinfo(easy.get(), CURLINFO_ACTIVESOCKET, &kept);
  return Watched::kEnded;
}

// For the socket, the token or the time. Right after bytes came it only looks, since the sink is to
// know whether they are all for now.
std::optional<HttpClient::Impl::Watched> HttpClient::Impl::Wait(HttpTransfer& transfer,
                                                                curl_waitfd& cancelled,
                                                                Deadline until) {
  const bool round = transfer.InRound();
  int ready = 0;
  const int timeout = round ? 0 : until.PollTimeout();
  if (curl_multi_poll(multi.get(), &cancelled, 1, timeout, &ready) != CURLM_OK) {
    return Watched::kFailed;
  }
  if (!round) return std::nullopt;
  if (!transfer.EndRound(ready > 0)) return Watched::kEnded;
  pollfd unwanted{cancelled.fd, POLLIN, 0};
  if (ready == 0 && ++pauses > kPauses) poll(&unwanted, 1, kGatherMs);
  return std::nullopt;
}

HttpReport HttpClient::Impl::Report(const HttpTransfer& transfer) {
  HttpReport report{EndOf(code, transfer), {}};
  report.untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
  if (transfer.out_of_memory()) {
    report.detail = "memory is short";
  } else if (!transfer.refusal().empty()) {
    report.detail = transfer.refusal();
  } else if (report.end == HttpEnd::kBroken && code == CURLE_OK) {
    report.detail = "its answer ended within its header fields";
  } else if (report.end != HttpEnd::kComplete) {
    report.detail = error.front() == '\0' ? curl_easy_strerror(code) : error.data();
  }
  return report;
}

HttpClient::HttpClient(HttpClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpClient::~HttpClient() = default;

HttpReport HttpClient::Run(const HttpRequest& request, HttpSink& sink, const CancelToken& cancel,
                           Deadline deadline) {
  if (!impl_->multi || !impl_->easy) return {HttpEnd::kOutOfResources, "libcurl has no memory"};
  impl_->fresh = false;
  HttpReport report = impl_->Attempt(request, sink, cancel, deadline);
  if (!impl_->stale) return report;
  impl_->fresh = true;
  return impl_->Attempt(request, sink, cancel, deadline);
}

}  // namespace headrace
