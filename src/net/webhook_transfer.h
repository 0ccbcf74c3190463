#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "net/curl_handles.h"
#include "net/webhook_client.h"

namespace headrace {

// One webhook on its way through libcurl. Belongs to WebhookClient; one thread.
class WebhookTransfer {
 public:
  // `options` outlive it.
  WebhookTransfer(const WebhookClientOptions& options, WebhookRequest request,
                  WebhookClient::Done done);
  WebhookTransfer(const WebhookTransfer&) = delete;
  WebhookTransfer& operator=(const WebhookTransfer&) = delete;

  // Makes the handle ready to be added to a multi handle. False: libcurl has no memory for it.
  [[nodiscard]] bool Attach();
  [[nodiscard]] CURL* easy() const { return easy_.get(); }

  // What the request came to once libcurl is done with it.
  [[nodiscard]] WebhookAnswer Answer(CURLcode code) const;
  // Once.
  void Tell(WebhookAnswer answer) const { done_(std::move(answer)); }

 private:
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t OnHeader(char* line, std::size_t size, std::size_t count, void* self);
  static std::size_t OnWrite(char* bytes, std::size_t size, std::size_t count, void* self);

  void SetBounds(CurlSetter& setter);
  void SetRequest(CurlSetter& setter);
  [[nodiscard]] bool FillFields();
  curl_socket_t Open(curlsocktype purpose, const curl_sockaddr& address);
  [[nodiscard]] bool Header(std::string_view line);

  const WebhookClientOptions& options_;
  const WebhookRequest request_;
  const WebhookClient::Done done_;
  CurlEasy easy_;
  CurlList fields_;

  std::string_view refusal_;  // of an address, by the guard
  bool allowed_ = false;      // an address, by the guard
  bool answered_ = false;     // the head of an answer is complete, not of an interim one (1xx)
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace headrace
