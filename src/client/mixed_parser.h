#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

// Takes the parts of a result, one after the other. An error ends it.
class PartTaker {
 public:
  PartTaker() = default;
  PartTaker(const PartTaker&) = delete;
  PartTaker& operator=(const PartTaker&) = delete;
  virtual ~PartTaker() = default;

  virtual Status BeginPart(std::string_view name) = 0;  // as the service says it: any bytes
  virtual Status WritePart(std::string_view bytes) = 0;
  virtual Status EndPart() = 0;
};

// The boundary of a multipart media type; nothing if it has none (RFC 2046, 5.1.1).
std::optional<std::string> BoundaryOf(std::string_view content_type);
// The file name in a Content-Disposition field; empty if there is none (RFC 6266).
std::string FileNameOf(std::string_view content_disposition);

// Takes a multipart body apart as its bytes come; keeps no more of it than a part's head, or a line
// that may become a boundary. Not thread-safe.
class MixedParser {
 public:
  MixedParser(std::string_view boundary, PartTaker& taker)
      : delimiter_("\r\n--" + std::string(boundary)), taker_(taker) {}

  // Broken (broken-answer) for what is no multipart body, else the taker's error.
  Status Feed(std::string_view bytes);
  // No more bytes come. Broken if the last boundary has not been seen.
  Status Finish();

 private:
  enum class State { kPreamble, kDelimiter, kHead, kBody, kEnd };

  Status Step(bool& moved);
  Status InBody(bool& moved);
  Status AfterDelimiter(bool& moved);
  Status InHead(bool& moved);
  Status Take(std::size_t bytes);
  Status EndPart();

  const std::string delimiter_;
  PartTaker& taker_;
  State state_ = State::kPreamble;
  std::string pending_ = "\r\n";         // a first boundary has no line before it
  std::optional<std::uint64_t> length_;  // of the part, where it says so
  std::uint64_t taken_ = 0;
};

}  // namespace headrace
