#include "handler/command/error_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "handler/command/program_setting.h"

namespace headrace {
namespace {

constexpr std::size_t kMostOfCall = 4096;
constexpr std::size_t kMostOfDrain = std::size_t{1} << 20U;
constexpr std::size_t kTail = 2048;
constexpr std::size_t kLongestLine = 512;

}  // namespace

Expected<ErrorOutput> ErrorOutput::Make() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{ErrorCode::kInternal, "handler-failed", "",
                 std::string("pipe: ") + std::strerror(errno)};
  }
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  // Of this end alone: programs expect theirs to wait.
  if (fcntl(reader.get(), F_SETFL, O_NONBLOCK) != 0) {
    return Error{ErrorCode::kInternal, "handler-failed", "",
                 std::string("pipe: ") + std::strerror(errno)};
  }
  return ErrorOutput(std::move(reader), std::move(writer));
}

void ErrorOutput::Begin(std::uint64_t limit, Sink sink) {
  left_ = limit;
  sink_ = std::move(sink);
  tail_.clear();
}

void ErrorOutput::Drain() {
  std::array<char, std::size_t{64} << 10U> buffer{};
  for (std::size_t drained = 0; reader_ && drained < kMostOfDrain;) {
    const ssize_t size = read(reader_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    if (size == 0) return reader_.reset();
    drained += static_cast<std::size_t>(size);
    Take({buffer.data(), static_cast<std::size_t>(size)});
  }
}

void ErrorOutput::Take(std::string_view text) {
  const std::string_view end = text.substr(text.size() - std::min(text.size(), kTail));
  tail_.append(end);
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
  while (left_ > 0 && !text.empty()) {
    const auto piece = text.substr(0, std::min<std::uint64_t>(left_, kMostOfCall));
    if (sink_) sink_(piece);
    left_ -= piece.size();
    text.remove_prefix(piece.size());
  }
}

std::string ErrorOutput::LastLine() const {
  constexpr const char* kBlanks = " \t\r\n\v\f";
  std::string_view text = tail_;
  const auto last = text.find_last_not_of(kBlanks);
  if (last == std::string_view::npos) return {};
  text = text.substr(0, last + 1);
  const auto line = text.find_last_of('\n');
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  return PlainText(text, kLongestLine);
}

}  // namespace headrace
