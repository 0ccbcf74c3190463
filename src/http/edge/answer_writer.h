#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "http/edge/wire.h"
#include "http/message/answer.h"

namespace headrace {

// Puts one answer at a time on the wire: small pieces beside the head, or beside each other, in one
// write, large ones from where they lie, never more than one portion ahead of what the kernel
// takes, and in turns: one who reads fast does not keep the reactor from others. Reactor's thread
// only.
class AnswerWriter {
 public:
  explicit AnswerWriter(Wire& wire) : wire_(wire) {}

  // Begins an answer whose head is ready. True: its last byte is the kernel's. False: the wire
  // calls back, and Continue goes on.
  bool Start(std::string head, std::vector<AnswerPiece> pieces);
  bool Continue();
  // More of the same answer, behind what is still to be sent.
  bool Add(std::vector<AnswerPiece> pieces);
  [[nodiscard]] bool AllOut() const { return pieces_.empty() && !waiting_; }
  void Clear() { pieces_.clear(); }  // the client has gone

  // Bytes that the kernel has taken since the writer was made. TLS may count its own as unsent.
  [[nodiscard]] std::uint64_t Taken() const {
    const std::size_t unsent = wire_.Unsent();
    return handed_ > unsent ? handed_ - unsent : 0;
  }

 private:
  bool SendPiece();
  bool SendText(std::string text, bool more);
  bool SendSlice(const AnswerPiece& piece, bool last);
  bool SendPortion(const AnswerPiece& piece, bool last);
  bool Advance(std::size_t bytes);
  void TakeSmallPieces(std::string& text);

  Wire& wire_;
  std::deque<AnswerPiece> pieces_;
  bool waiting_ = false;      // for the wire
  std::size_t at_ = 0;        // bytes of the first piece that are sent
  std::uint64_t handed_ = 0;  // bytes given to the wire
};

}  // namespace headrace
