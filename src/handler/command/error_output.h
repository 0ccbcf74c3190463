#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace headrace {

// What a program says on its standard error: read as it comes, so that the program never waits,
// passed on up to a limit, its last line kept. Single-threaded.
class ErrorOutput {
 public:
  using Sink = std::function<void(std::string_view)>;

  static Expected<ErrorOutput> Make();

  // The end that programs get. Closed here once all have been started.
  [[nodiscard]] int writer() const { return writer_.get(); }
  void CloseWriter() { writer_.reset(); }
  // Readable when something was said; -1 once nobody can say more.
  [[nodiscard]] int reader() const { return reader_.get(); }

  // From now on `limit` bytes go to `sink` (at most 4 KiB a call), the rest is dropped. Forgets the
  // last line.
  void Begin(std::uint64_t limit, Sink sink);
  // Reads what is there now, at most 1 MiB. Never blocks.
  void Drain();

  // The last line that is not blank, at most 512 bytes, as UTF-8 without control characters.
  [[nodiscard]] std::string LastLine() const;

 private:
  ErrorOutput(UniqueFd reader, UniqueFd writer)
      : reader_(std::move(reader)), writer_(std::move(writer)) {}
  void Take(std::string_view text);

  UniqueFd reader_;
  UniqueFd writer_;
  std::uint64_t left_ = 0;  // bytes that still go to the sink
  Sink sink_;
  std::string tail_;  // the last bytes, whatever they are
};

}  // namespace headrace
