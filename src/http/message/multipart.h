#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

// What a part's header fields say of it. A file's name is the client's, and not even passed on.
struct FormPart {
  std::string name;        // never empty
  bool is_file = false;    // it came with a file name
  std::string media_type;  // in lower case, without parameters; empty: none is given
};

// What a form consists of, in order.
class FormSink {
 public:
  FormSink() = default;
  FormSink(const FormSink&) = delete;
  FormSink& operator=(const FormSink&) = delete;
  virtual ~FormSink() = default;

  // A part begins. An error ends the reading.
  virtual Status OnPart(FormPart part) = 0;
  // The part's next bytes.
  virtual Status OnPartBytes(std::string_view bytes) = 0;
};

// Takes a multipart/form-data body (RFC 7578) apart as it comes, in any portions and linear time;
// keeps nothing but a part's headers. Limits: 16 parts, 16 KiB of headers per part. 400 on anything
// malformed, 413 beyond a limit. Not thread-safe.
class FormReader {
 public:
  // `boundary` is FormBoundary's. The sink outlives the reader.
  FormReader(const std::string& boundary, FormSink& sink);

  Status Feed(std::string_view bytes);
  // The body has ended: 400 unless the form had.
  [[nodiscard]] Status Finish() const;

 private:
  enum class State { kPreamble, kBytes, kDelimiterEnd, kHeaders, kEpilogue };

  Status FeedBytes(std::string_view& bytes);
  Status FindDelimiter(std::string_view& bytes);
  Status EmitMatched();
  Status Emit(std::string_view bytes);
  void EndDelimiter();
  Status FeedDelimiterEnd(std::string_view& bytes);
  Status FeedHeaders(std::string_view& bytes);
  Status StartPart();

  const std::string delimiter_;  // CR LF "--" boundary
  FormSink& sink_;
  State state_ = State::kPreamble;
  // How much of the delimiter has been seen. It cannot overlap itself: only its first byte is a CR.
  std::size_t matched_ = 2;
  std::size_t borrowed_ = 2;  // of these, bytes that were none of this part's: an earlier line end
  std::string line_;          // behind a delimiter, or a part's headers so far
  std::size_t parts_ = 0;
};

// The boundary of a multipart/form-data Content-Type; 400 unless it is there and 1 to 70 characters
// long.
Expected<std::string> FormBoundary(std::string_view content_type);

// Whether a Content-Type field says multipart/form-data.
bool IsMultipartForm(std::string_view content_type);

}  // namespace headrace
