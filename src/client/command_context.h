#pragma once

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "client/call_retry.h"
#include "client/progress_board.h"
#include "client/service_client.h"

namespace headrace {

// Standard output: results, and nothing else. Thread-safe; a text is written whole.
class ResultOutput {
 public:
  // Both outlive it.
  explicit ResultOutput(ProgressBoard& board, std::FILE* stream = stdout)
      : board_(board), stream_(stream) {}

  void Write(std::string_view text) {
    if (!board_.PrintResult(stream_, text)) good_ = false;
  }
  // A text and a line's end.
  void WriteLine(std::string_view text) { Write(std::string(text) + "\n"); }
  // Whether all has been written so far.
  [[nodiscard]] bool good() const { return good_; }

 private:
  ProgressBoard& board_;
  std::FILE* const stream_;
  std::atomic<bool> good_{true};
};

// What all commands of the client need. Owned by their caller; `board` and `output` outlive it.
struct CommandContext {
  ServiceAddress address;
  CancelToken cancel;
  Deadline deadline = Deadline::Never();
  bool json = false;        // the service's JSON instead of text for people
  RetryOptions retry = {};  // of a call that was refused or lost
  ProgressBoard& board;
  ResultOutput& output;

  [[nodiscard]] ServiceClient Client() const { return {address, cancel, deadline}; }
};

}  // namespace headrace
