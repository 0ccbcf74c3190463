#include "http/edge/answer_writer.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

constexpr std::size_t kBesideHead = std::size_t{16} << 10;  // bytes copied into the head's write
// Of a large piece that is copied: what a slow reader holds, once more where it is encrypted. Whole
// groups of three bytes, as base64 takes them, and whole TLS records.
constexpr std::size_t kPortion = std::size_t{48} << 10;
constexpr std::size_t kSlice = std::size_t{2} << 20;  // of a file
// Bytes sent in a row to a client that takes all at once; then others come first.
constexpr std::uint64_t kTurn = std::uint64_t{2} << 20;

std::string_view View(const AnswerPiece& piece) {
  const auto bytes = piece.payload.Bytes().subspan(piece.first, piece.bytes());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void AppendBytes(std::string& text, const AnswerPiece& piece, std::string_view bytes) {
  if (piece.base64) {
    AppendBase64(text, bytes);
  } else {
    text += bytes;
  }
}

}  // namespace

bool AnswerWriter::Start(std::string head, std::vector<AnswerPiece> pieces) {
  std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
  TakeSmallPieces(head);
  if (!pieces_.empty()) head += std::exchange(pieces_.front().text, {});
  waiting_ = !SendText(std::move(head), !pieces_.empty());
  return !waiting_ && Continue();
}

// Sends on as long as the kernel takes it.
bool AnswerWriter::Continue() {
  waiting_ = false;
  const std::uint64_t end_of_turn = handed_ + kTurn;
  while (!pieces_.empty()) {
    if (handed_ >= end_of_turn) {
      wire_.AwaitTurn();
    } else if (SendPiece()) {
      continue;
    }
    waiting_ = true;
    return false;
  }
  return true;
}

bool AnswerWriter::Add(std::vector<AnswerPiece> pieces) {
  std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
  if (waiting_) return false;
  std::string text;
  TakeSmallPieces(text);
  if (!text.empty()) waiting_ = !SendText(std::move(text), !pieces_.empty());
  return !waiting_ && Continue();
}

void AnswerWriter::TakeSmallPieces(std::string& text) {
  const std::size_t most = text.size() + kBesideHead;
  while (!pieces_.empty() && !pieces_.front().payload.InMemfd() &&
         text.size() + pieces_.front().size() <= most) {
    text += pieces_.front().text;
    AppendBytes(text, pieces_.front(), View(pieces_.front()));
    pieces_.pop_front();
  }
}

bool AnswerWriter::SendText(std::string text, bool more) {
  handed_ += text.size();
  return wire_.SendText(std::move(text), more);
}

bool AnswerWriter::SendPiece() {
  AnswerPiece& piece = pieces_.front();
  const bool last = pieces_.size() == 1;
  if (!piece.text.empty()) {
    std::string text = std::exchange(piece.text, {});
    const bool only = piece.bytes() == 0;
    if (only) pieces_.pop_front();
    return SendText(std::move(text), !(only && last));
  }
  const bool leaves_as_it_is = piece.payload.InMemfd() && !piece.base64 && wire_.SendsFiles();
  return leaves_as_it_is ? SendSlice(piece, last) : SendPortion(piece, last);
}

bool AnswerWriter::SendSlice(const AnswerPiece& piece, bool last) {
  const Payload payload = piece.payload;
  const std::size_t offset = piece.first + at_;
  const std::size_t size = std::min(kSlice, piece.bytes() - at_);
  const bool done = Advance(size);
  handed_ += size;
  return wire_.SendFile(payload, offset, size, !(done && last));
}

// In portions, so that a slow reader costs one portion and not a second copy.
bool AnswerWriter::SendPortion(const AnswerPiece& piece, bool last) {
  const std::string_view portion = View(piece).substr(at_, kPortion);
  std::string text;
  AppendBytes(text, piece, portion);
  const bool done = Advance(portion.size());
  return SendText(std::move(text), !(done && last));
}

// So many bytes of the first piece's payload are sent; true if it is done with.
bool AnswerWriter::Advance(std::size_t bytes) {
  at_ += bytes;
  if (at_ < pieces_.front().bytes()) return false;
  pieces_.pop_front();
  at_ = 0;
  return true;
}

}  // namespace headrace
