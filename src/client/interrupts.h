#pragma once

#include <thread>

#include "base/cancel_token.h"
#include "base/fd.h"

namespace headrace {

// Reads the signals that end a command, on a thread of its own: SIGINT, SIGTERM and SIGHUP. The
// first one cancels the token, the second one ends the process with status 130. One that was
// ignored when the program started (nohup, or a script's background) stays so. They are blocked in
// all threads; see BlockSignals of app/serve.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] const CancelToken& token() const { return token_; }

 private:
  void Watch();

  CancelToken token_;
  UniqueFd signals_;
  UniqueFd stop_;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace headrace
