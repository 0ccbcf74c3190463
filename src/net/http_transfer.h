#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "net/http_client.h"

namespace headrace {

// One request on its way through libcurl, which calls back for bytes to send and with bytes that
// came. Belongs to HttpClient; lives while the handle is at work. One thread.
class HttpTransfer {
 public:
  // All arguments outlive it.
  HttpTransfer(CURL* easy, const HttpRequest& request, HttpSink& sink, std::size_t max_head)
      : easy_(easy), request_(request), sink_(sink), max_head_(max_head) {}
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Makes the handle call this object; `list` are the request's header fields. False: libcurl has
  // no memory for it.
  [[nodiscard]] bool Attach(const HttpClientOptions& options, curl_slist* list);

  // When the exchange counts as stalled: never while nothing has to move.
  [[nodiscard]] Deadline StallsAt(std::chrono::milliseconds idle_timeout) const;

  // Bytes have gone to the sink since the last round's end.
  [[nodiscard]] bool InRound() const { return in_round_; }
  // Tells the sink of it; false: it wants no more.
  [[nodiscard]] bool EndRound(bool more);

  [[nodiscard]] bool answer_begun() const { return answer_begun_; }
  [[nodiscard]] bool head_complete() const { return head_complete_; }
  [[nodiscard]] bool stopped() const { return stopped_; }              // by the sink
  [[nodiscard]] bool out_of_memory() const { return out_of_memory_; }  // so it was ended here
  // Why it was ended here otherwise; empty: it was not.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  static std::size_t OnRead(char* room, std::size_t size, std::size_t count, void* self);
  static int OnSeek(void* self, curl_off_t offset, int origin);
  static std::size_t OnHeader(char* line, std::size_t size, std::size_t count, void* self);
  static std::size_t OnWrite(char* bytes, std::size_t size, std::size_t count, void* self);

  template <class Do>
  bool WithMemory(Do what);
  std::size_t Read(std::span<char> room);
  bool Header(std::string_view line);
  bool EndHead();
  bool Write(std::string_view bytes);

  CURL* const easy_;
  const HttpRequest& request_;
  HttpSink& sink_;
  const std::size_t max_head_;

  std::size_t sent_ = 0;  // bytes of the body, given to libcurl
  std::size_t head_bytes_ = 0;
  bool answer_begun_ = false;  // a byte of any answer came
  bool in_answer_ = false;     // and it was not just an interim one (1xx)
  bool head_complete_ = false;
  bool in_round_ = false;
  bool stopped_ = false;
  bool out_of_memory_ = false;
  std::string refusal_;
  SteadyTime moved_;  // when a byte went or came last
};

}  // namespace headrace
