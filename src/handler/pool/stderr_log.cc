#include "handler/pool/stderr_log.h"

#include <algorithm>

#include "base/log.h"
#include "base/printable.h"
#include "handler/frames/frames.h"

namespace headrace {
namespace {

// Longer ones are told in pieces.
constexpr std::size_t kLongestLine = 4096;

}  // namespace

bool StderrLog::Add(std::string_view piece) {
  total_ += kFrameHeader + piece.size();
  if (total_ > kMaxJobStderr) return false;
  while (true) {
    const std::size_t room = kLongestLine - line_.size();
    const std::size_t part = std::min({piece.find('\n'), piece.size(), room});
    line_ += piece.substr(0, part);
    piece.remove_prefix(part);
    if (piece.empty()) return true;
    if (piece.front() == '\n') piece.remove_prefix(1);
    WriteLine();
  }
}

void StderrLog::End() { WriteLine(); }

void StderrLog::WriteLine() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (!line_.empty() && LogsInfo()) {
    LogInfo("job stderr", {{"job_id", job_id_}, {"queue", queue_}, {"text", Printable(line_)}});
  }
  line_.clear();
}

}  // namespace headrace
