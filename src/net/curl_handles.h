#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace headrace {

// libcurl's objects as owned ones, for the files of this folder.
struct CurlCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CurlMultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using CurlEasy = std::unique_ptr<CURL, CurlCleanup>;
using CurlMulti = std::unique_ptr<CURLM, CurlMultiCleanup>;
using CurlList = std::unique_ptr<curl_slist, CurlCleanup>;

// Once a process. Thread-safe.
inline bool CurlIsReady() {
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kReady;
}

// False: no memory; the list is as it was.
inline bool Append(CurlList& list, const char* line) {
  curl_slist* const longer = curl_slist_append(list.get(), line);
  if (longer == nullptr) return false;
  // The same list, or its first entry. NOLINTNEXTLINE(bugprone-unused-return-value)
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

// Sets options until the first one fails.
class CurlSetter {
 public:
  explicit CurlSetter(CURL* easy) : easy_(easy) {}

  template <class T>
  void Set(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  [[nodiscard]] bool ok() const { return code_ == CURLE_OK; }

 private:
  CURL* const easy_;
  CURLcode code_ = CURLE_OK;
};

// Certificates are verified, by the authorities in the PEM file alone; empty: by the system's.
inline void SetTls(CurlSetter& setter, const std::string& ca_file) {
  setter.Set(CURLOPT_SSL_VERIFYPEER, 1L);
  setter.Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (ca_file.empty()) return;
  setter.Set(CURLOPT_CAINFO, ca_file.c_str());
  setter.Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // nobody else is trusted
}

}  // namespace headrace
