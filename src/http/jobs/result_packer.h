#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/outcome.h"
#include "http/jobs/zip_layout.h"
#include "http/message/answer.h"
#include "http/message/negotiation.h"

namespace headrace {

// The fields of any answer that is a result: its type, a file name, and what keeps a browser from
// running it. Neither can break out of its field.
void AddResultFields(Answer& answer, std::string_view type, std::string_view name);

// Makes one body of the parts of a result, one after the other, without copying their bytes: a
// stored zip, or multipart/mixed (RFC 2046, 5.1.3). Or of the pieces of its only part: that part.
// Not thread-safe.
class ResultPacker {
 public:
  enum class Form { kPart, kZip, kMixed };

  ResultPacker(Form form, std::string_view queue);

  // The form that a client wants part by part, as it asks for one of them above all else; nothing:
  // it takes the result as a whole.
  static std::optional<Form> Streamed(const Accept& accept);

  // `first`: the first part or piece.
  void AddFields(Answer& answer, const ResultPart& first) const;
  // 502 (result-too-large) for what does not fit a zip.
  Expected<AnswerPiece> Part(ResultPart part);
  Expected<AnswerPiece> End();

 private:
  AnswerPiece MixedPart(ResultPart part);

  const Form form_;
  const std::string queue_;
  const std::string boundary_;
  std::string_view line_end_;  // in front of a boundary; empty before the first
  ZipLayout zip_;
};

}  // namespace headrace
