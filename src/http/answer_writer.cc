#include "http/answer_writer.h"

#include <iterator>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

constexpr std::size_t kBesideHead = std::size_t{16} << 10;  // bytes copied into the head's write
constexpr std::size_t kPortion = std::size_t{256} << 10;    // of a large piece in memory

std::string_view View(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool AnswerWriter::Start(std::string head, std::vector<AnswerPiece> pieces) {
  std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
  TakeSmallPieces(head);
  waiting_ = !SendText(std::move(head), !pieces_.empty());
  return !waiting_ && Continue();
}

// Sends on as long as the kernel takes it.
bool AnswerWriter::Continue() {
  waiting_ = false;
  while (!pieces_.empty()) {
    if (SendPiece()) continue;
    waiting_ = true;
    return false;
  }
  return true;
}

bool AnswerWriter::Add(std::vector<AnswerPiece> pieces) {
  std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
  return !waiting_ && Continue();
}

void AnswerWriter::TakeSmallPieces(std::string& text) {
  const std::size_t most = text.size() + kBesideHead;
  while (!pieces_.empty() && !pieces_.front().payload.InMemfd() &&
         text.size() + pieces_.front().size() <= most) {
    text += pieces_.front().text;
    text += View(pieces_.front().payload);
    pieces_.pop_front();
  }
  if (!pieces_.empty()) text += std::exchange(pieces_.front().text, {});
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
    const bool only = piece.payload.size() == 0;
    if (only) pieces_.pop_front();
    return SendText(std::move(text), !(only && last));
  }
  if (!piece.payload.InMemfd() || !wire_.SendsFiles()) return SendPortion(piece, last);
  const Payload payload = std::move(piece.payload);
  pieces_.pop_front();
  handed_ += payload.size();
  return wire_.SendFile(payload, !last);
}

// In portions, so that a slow reader costs one portion and not a second copy.
bool AnswerWriter::SendPortion(AnswerPiece& piece, bool last) {
  const std::string_view portion = View(piece.payload).substr(at_, kPortion);
  std::string text(portion);
  at_ += portion.size();
  const bool done = at_ == piece.payload.size();
  if (done) {
    pieces_.pop_front();
    at_ = 0;
  }
  return SendText(std::move(text), !(done && last));
}

}  // namespace headrace
