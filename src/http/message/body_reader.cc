#include "http/message/body_reader.h"

#include <algorithm>
#include <utility>

#include "http/message/chars.h"
#include "http/message/chunk_syntax.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxChunkDigits = 15;  // 2^60: no overflow
constexpr std::size_t kMaxExtension = 4096;  // bytes per chunk
constexpr std::size_t kMaxTrailer = 16384;   // bytes
// Bytes of a chunked body that are not data, in all: so many for each byte of data, and some more.
constexpr std::uint64_t kMaxFraming = 8;
constexpr std::uint64_t kFreeFraming = std::uint64_t{64} << 10;

}  // namespace

void BodyReader::Start(Step step, std::uint64_t left, std::size_t max_body, BodySink* sink) {
  sink_ = sink;
  step_ = step;
  left_ = left;
  allowed_ = max_body;
  digits_ = overhead_ = 0;
  data_ = framing_ = 0;
  line_.clear();
  carriage_return_ = false;
  state_ = State::kMore;
}

void BodyReader::StartLength(std::uint64_t length, std::size_t max_body, BodySink* sink) {
  Start(Step::kLength, length, max_body, sink);
  if (length > max_body) {
    Fail(ErrorCode::kPayloadTooLarge, "payload-too-large", "the body is too long");
  } else if (length == 0) {
    state_ = State::kDone;
  }
}

void BodyReader::StartChunked(std::size_t max_body, BodySink* sink) {
  Start(Step::kSize, 0, max_body, sink);
}

void BodyReader::StartDiscard(std::uint64_t length) {
  Start(Step::kLength, length, 0, nullptr);
  if (length == 0) state_ = State::kDone;
}

void BodyReader::Fail(ErrorCode code, const char* type, const char* hint) {
  state_ = State::kFailed;
  error_ = Error{code, type, hint, "", 0};
}

std::size_t BodyReader::Feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::kMore && taken < bytes.size()) {
    if (step_ == Step::kLength || step_ == Step::kData) {
      taken += TakeData(bytes.substr(taken));
    } else {
      TakeLineByte(bytes[taken++]);
      CountFraming();
    }
  }
  return taken;
}

void BodyReader::CountFraming() {
  if (++framing_ <= kFreeFraming + kMaxFraming * data_ || state_ != State::kMore) return;
  Bad("the body has far more framing than data; send larger chunks");
}

std::size_t BodyReader::TakeData(std::string_view bytes) {
  const auto portion = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (sink_ != nullptr) {
    if (auto written = sink_->Write(bytes.substr(0, portion)); !written) {
      state_ = State::kFailed;
      error_ = std::move(written).error();
      return portion;
    }
  }
  left_ -= portion;
  data_ += portion;
  if (left_ == 0) {
    if (step_ == Step::kData) {
      step_ = Step::kDataCr;
    } else {
      state_ = State::kDone;
    }
  }
  return portion;
}

void BodyReader::TakeLineByte(char c) {
  switch (step_) {
    case Step::kSize:
      TakeSizeByte(c);
      return;
    case Step::kExtension:
      TakeExtensionByte(c);
      return;
    case Step::kSizeLf:
      Expect(c, '\n', Step::kData);
      if (state_ == State::kMore) EndSizeLine();
      return;
    case Step::kDataCr:
      Expect(c, '\r', Step::kDataLf);
      return;
    case Step::kDataLf:
      Expect(c, '\n', Step::kSize);
      return;
    case Step::kTrailer:
      TakeTrailerByte(c);
      return;
    case Step::kLength:
    case Step::kData:
      return;  // TakeData's
  }
}

void BodyReader::Expect(char c, char wanted, Step next) {
  if (c != wanted) {
    Bad("a chunk does not end in CR LF");
    return;
  }
  step_ = next;
}

void BodyReader::TakeSizeByte(char c) {
  const int digit = HexValue(c);
  if (digit >= 0) {
    if (++digits_ > kMaxChunkDigits) {
      Bad("a chunk's size is too long");
      return;
    }
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return;
  }
  if (digits_ == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t')) {
    Bad("a chunk's size is not a hexadecimal number");
    return;
  }
  if (c == '\r') {
    step_ = Step::kSizeLf;
    return;
  }
  step_ = Step::kExtension;
  TakeExtensionByte(c);
}

// Judged at its end; a line feed is refused as it comes, so that it cannot hide the end from
// others.
void BodyReader::TakeExtensionByte(char c) {
  if (c != '\r') {
    line_.push_back(c);
    if (++overhead_ > kMaxExtension || c == '\n') {
      Bad("a chunk's extension is malformed or too long");
    }
    return;
  }
  if (!IsChunkExtension(line_)) {
    Bad("a chunk's extension is malformed");
    return;
  }
  line_ = std::string();  // gives its memory back
  step_ = Step::kSizeLf;
}

void BodyReader::EndSizeLine() {
  digits_ = overhead_ = 0;
  if (left_ == 0) {
    step_ = Step::kTrailer;
  } else if (left_ > allowed_) {
    Fail(ErrorCode::kPayloadTooLarge, "payload-too-large", "the body is too long");
  } else {
    allowed_ -= left_;
  }
}

void BodyReader::TakeTrailerByte(char c) {
  if (++overhead_ > kMaxTrailer) {
    Bad("the trailer is too long");
    return;
  }
  if (carriage_return_) {
    carriage_return_ = false;
    EndTrailerLine(c);
  } else if (c == '\r') {
    carriage_return_ = true;
  } else if (c == '\n') {
    Bad("the trailer is malformed");
  } else {
    line_.push_back(c);
  }
}

void BodyReader::EndTrailerLine(char c) {
  if (c != '\n') {
    Bad("a line of the trailer does not end in CR LF");
  } else if (line_.empty()) {
    state_ = State::kDone;
  } else if (!IsTrailerField(line_)) {
    Bad("a line of the trailer is not 'name: value'");
  }
  line_ = std::string();  // gives its memory back
}

}  // namespace headrace
