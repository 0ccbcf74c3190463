#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "base/payload.h"

namespace headrace {

// A piece of an answer's body: text, then bytes that stay where they lie until they are sent.
struct AnswerPiece {
  std::string text;
  Payload payload;
  bool base64 = false;  // how the payload is written (RFC 4648, 4, with padding)
  // The part of the payload that is sent: so many bytes (nothing: all that follow) from there on.
  std::size_t first = 0;
  std::optional<std::size_t> length{};

  [[nodiscard]] std::size_t bytes() const { return length.value_or(payload.size() - first); }
  [[nodiscard]] std::uint64_t size() const {
    return text.size() + (base64 ? Base64Size(bytes()) : bytes());
  }
};

// One answer, before it is put on the wire. Value type.
struct Answer {
  int status = 200;
  std::string fields;                     // header lines, each with its CR LF
  std::string text;                       // the body's start: all of it, where it is small
  std::vector<AnswerPiece> pieces;        // the rest of the body
  bool close = false;                     // the connection must not be used again
  bool streamed = false;                  // its body comes later: in chunks, unless it has a length
  std::optional<std::uint64_t> length{};  // of a streamed body: its bytes, as far as known
  bool compressible = false;              // `text` is the whole body, and may leave in gzip format

  // `value` must not contain line breaks.
  void Add(std::string_view name, std::string_view value);
  [[nodiscard]] std::uint64_t BodySize() const;
};

// 200 with a JSON text that tells what is now: nobody is to store it.
Answer JsonText(std::string text);

// What the connection, not the answer's author, decides about the head.
struct HeadContext {
  bool http11 = true;
  bool keep_alive = true;
};

// The status line and all fields, up to the empty line: `fields`, Date, Content-Length, Connection.
// Reserves `extra` bytes behind it.
std::string FormatHead(const Answer& answer, HeadContext context, std::size_t extra);

const char* ReasonPhrase(int status);

}  // namespace headrace
