#include "handler/stderr_log.h"

#include <spdlog/spdlog.h>

#include "base/printable.h"
#include "handler/frames.h"

namespace headrace {
namespace {

// Longer ones are told in pieces.
constexpr std::size_t kLongestLine = 4096;

}  // namespace

bool StderrLog::Add(std::string_view piece) {
  total_ += kFrameHeader + piece.size();
  if (total_ > kMaxJobStderr) return false;
  for (const char letter : piece) {
    if (letter == '\n' || line_.size() == kLongestLine) WriteLine();
    if (letter != '\n') line_ += letter;
  }
  return true;
}

void StderrLog::End() { WriteLine(); }

void StderrLog::WriteLine() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (!line_.empty()) {
    spdlog::info("job stderr: job_id={} queue={} text={}", job_id_, queue_, Printable(line_));
  }
  line_.clear();
}

}  // namespace headrace
