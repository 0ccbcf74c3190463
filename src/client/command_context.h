#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/sync.h"
#include "client/progress_board.h"
#include "client/service_client.h"

namespace headrace {

// Standard output: results, and nothing else. Thread-safe; a text is written whole.
class ResultOutput {
 public:
  void Write(std::string_view text) {
    const MutexLock lock(mu_);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      good_ = false;
    }
  }
  // A text and a line's end.
  void WriteLine(std::string_view text) {
    std::string line(text);
    line += '\n';
    Write(line);
  }
  [[nodiscard]] bool good() {
    const MutexLock lock(mu_);
    return good_;
  }

 private:
  Mutex mu_;
  bool good_ GUARDED_BY(mu_) = true;
};

// What all commands of the client need. Owned by their caller; `board` and `output` outlive it.
struct CommandContext {
  ServiceAddress address;
  CancelToken cancel;
  Deadline deadline = Deadline::Never();
  bool json = false;  // the service's JSON instead of text for people
  int retries = 10;   // of a call that was refused or lost
  ProgressBoard& board;
  ResultOutput& output;

  [[nodiscard]] ServiceClient Client() const { return {address, cancel, deadline}; }
};

}  // namespace headrace
