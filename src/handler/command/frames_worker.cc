#include "handler/command/frames_worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "handler/command/folder_tree.h"
#include "handler/command/program_end.h"
#include "handler/command/program_setting.h"
#include "handler/command/supervisor.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadSize = std::size_t{256} << 10U;
constexpr std::size_t kLastWords = 1024;
// A process that ends closes its socket a little before its status can be had.
constexpr milliseconds kEndAfterClose{2'000};
// For its working folder to be emptied, between two jobs: who litters it faster is not waited for.
constexpr milliseconds kTimeToEmpty{2'000};
// How often a worker without a job is looked after, which costs more the more threads it has.
constexpr milliseconds kIdleLook{1'000};

std::int64_t MillisecondsLeft(const Context& context) {
  const auto left = context.Deadline() - std::chrono::steady_clock::now();
  return std::chrono::ceil<milliseconds>(left).count();
}

std::string DescribeStatus(int status) {
  if (WIFSIGNALED(status)) return fmt::format("it ended by signal {}", WTERMSIG(status));
  return fmt::format("it ended with exit status {}", WEXITSTATUS(status));
}

}  // namespace

FramesWorker::FramesWorker(const Surroundings& surroundings)
    : options_(surroundings.options),
      launcher_(surroundings.launcher),
      scratch_(surroundings.scratch),
      tree_(surroundings.tree),
      service_(surroundings.service),
      buffer_(kReadSize) {}

std::optional<std::string> FramesWorker::Start() {
  const Deadline until = Deadline::After(options_.start_timeout);
  auto reason = Launch();
  while (!reason && !answer_.ready()) {
    if (Over()) {
      reason = Why();
    } else if (Unwanted()) {
      reason = "it is not wanted any more";
    } else if (until.Passed()) {
      reason = fmt::format("it was not ready after {} ms", options_.start_timeout.count());
    } else {
      Await(std::min(until, must_end_by_), 0);
    }
  }
  const std::string words = PlainText(std::exchange(said_, {}), kLastWords);
  if (!reason) {
    errors_->Begin(0, {});
    return std::nullopt;
  }
  broken_ = true;
  return fmt::format("the worker {}: {}{}{}", options_.command.front(), *reason,
                     words.empty() ? "" : "; its last words: ", words);
}

std::optional<std::string> FramesWorker::Launch() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fmt::format("socketpair: {}", std::strerror(errno));
  }
  socket_.reset(ends[0]);
  const UniqueFd its_end(ends[1]);
  auto errors = ErrorOutput::Make();
  if (!errors) return errors.error().detail;
  errors_.emplace(*std::move(errors));
  errors_->Begin(UINT64_MAX, [this](std::string_view text) {
    said_ += text;
    if (said_.size() > kLastWords) said_.erase(0, said_.size() - kLastWords);
  });

  ProgramSpec spec;
  spec.argv = options_.command;
  spec.environment = ProgramEnvironment(options_, scratch_, nullptr);
  spec.environment.emplace_back("HEADRACE_FD=3");
  spec.folder = scratch_.path();
  spec.work_folder = scratch_.tmp();
  spec.output = errors_->writer();
  spec.error = errors_->writer();
  spec.extra = its_end.get();
  spec.file_size = options_.scratch;
  spec.cpu_limit = false;  // it is per job, and set anew for each
  auto started = launcher_.Launch(spec);
  errors_->CloseWriter();
  if (!started) return started.error().detail;
  tree_.Watch(started->child, std::move(started->inits_word));
  usage_.emplace(started->program);
  return std::nullopt;
}

short FramesWorker::Await(Deadline until, short awaited) {
  const auto worker = static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
  std::array<pollfd, 4> polled{pollfd{tree_.signals(), POLLIN, 0},
                               pollfd{errors_->reader(), POLLIN, 0},
                               pollfd{closed_ ? -1 : socket_.get(), worker, 0},
                               pollfd{service_, static_cast<short>(awaited | POLLRDHUP), 0}};
  if (poll(polled.data(), polled.size(), until.PollTimeout()) <= 0) return 0;
  if (polled[0].revents != 0) tree_.Look();
  if (polled[1].revents != 0) errors_->Drain();
  if ((polled[2].revents & POLLOUT) != 0) Write();
  if ((polled[2].revents & ~POLLOUT) != 0) Read();
  if (tree_.status()) {
    while (Read()) {  // its last words count
    }
    errors_->Drain();
  }
  const short service = polled[3].revents;
  unwanted_ = unwanted_ || tree_.ToldToEnd() || (service & ~POLLIN) != 0;
  return static_cast<short>(service & awaited);
}

bool FramesWorker::Read() {
  if (closed_) return false;
  const ssize_t size = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (size <= 0) {
    closed_ = true;
    must_end_by_ = Deadline::After(kEndAfterClose);
    return false;
  }
  return stream_.Feed(std::span(buffer_).first(static_cast<std::size_t>(size)));
}

// In both directions as far as it goes: the worker may write before it has read everything.
void FramesWorker::Write() {
  while (!unsent_.empty()) {
    auto& piece = unsent_.front();
    const ssize_t size =
        send(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) return;  // full, or closed, which reading tells
    piece = piece.subspan(static_cast<std::size_t>(size));
    if (piece.empty()) unsent_.pop_front();
  }
}

bool FramesWorker::Over() const {
  return !stream_.problem().empty() || tree_.status().has_value() || must_end_by_.Passed();
}

bool FramesWorker::Answered() const {
  return answer_.ended() && (unsent_.empty() || tree_.status().has_value());
}

bool FramesWorker::TakesMore() const { return !broken_ && !closed_ && !Over() && stream_.idle(); }

void FramesWorker::Stop() {
  if (!errors_) return;
  const bool patient = stream_.problem().empty() && !scratch_full_;
  socket_.reset();
  closed_ = true;
  ScratchWatch room(scratch_, options_.scratch, {});
  tree_.End(patient ? options_.grace : milliseconds(0), errors_->reader(), [&] {
    errors_->Drain();
    return !room.Look();
  });
}

bool FramesWorker::AwaitJob() {
  ScratchWatch room(scratch_, options_.scratch, {});
  while (TakesMore()) {
    const short news = Await(Deadline::After(kIdleLook), POLLIN);
    if (Unwanted()) return false;
    if (news != 0) return TakesMore();
    scratch_full_ = room.Look();
    broken_ = broken_ || scratch_full_;
  }
  return false;
}

std::optional<Failure> FramesWorker::RunJob(const Job& job, KeeperContext& context) {
  const auto head = EncodeJobHead(job, MillisecondsLeft(context));
  if (!head) {
    return Failure{Failure::Kind::kBadPayload, "command-refused",
                   "the payload is too long for the program that does this work", ""};
  }
  errors_->Drain();  // what it said without a job is nobody's
  errors_->Begin(options_.stderr_limit,
                 [&context](std::string_view text) { context.Stderr(text); });
  usage_->Begin(options_.cpu);
  answer_.Begin(&context);
  stream_.BeginJob();
  unsent_ = {std::as_bytes(std::span(*head))};
  if (!job.payload.empty()) unsent_.push_back(job.payload);
  Converse();
  errors_->Drain();
  const bool answered = Answered() && !answer_.lost();
  broken_ = broken_ || !answered;
  auto failure = answered ? answer_.TakeFailure() : Misfortune();
  EndJob(context);
  return failure;
}

void FramesWorker::Converse() {
  ScratchWatch room(scratch_, options_.scratch, {});
  while (!Answered() && !Over() && !answer_.lost() && !Unwanted() && !scratch_full_) {
    Await(std::min(Deadline::After(milliseconds(room.Wait())), must_end_by_), 0);
    scratch_full_ = room.Look();
  }
}

void FramesWorker::EndJob(KeeperContext& context) {
  unsent_.clear();
  errors_->Begin(0, {});
  if (!Over()) {
    const WorkerUsage::Used used = usage_->Take();
    context.Usage(used.cpu, used.peak_memory);
  }
  broken_ = broken_ || !EmptyTmp();
}

bool FramesWorker::EmptyTmp() const {
  const UniqueFd tmp = OpenUntrusted(scratch_.fd(), "tmp", S_IFDIR);
  return tmp && EmptyFolder(tmp.get(), Deadline::After(kTimeToEmpty));
}

Failure FramesWorker::Misfortune() const {
  const auto status = tree_.status();
  const int signal = status && WIFSIGNALED(*status) ? WTERMSIG(*status) : 0;
  EndDetails details;
  details.last_line = errors_->LastLine();
  // Its files go no further than its room.
  const bool full = scratch_full_ || signal == SIGXFSZ;
  if (full) return *FailureOf({RunEnd::Reason::kScratchFull}, details, options_);
  if (signal != 0) return *FailureOf({RunEnd::Reason::kExited, *status}, details, options_);
  const std::string words = details.last_line.empty() ? "" : "; " + details.last_line;
  return {Failure::Kind::kCrashed, "executor-crashed", "", "the worker: " + Why() + words};
}

std::string FramesWorker::Why() const {
  if (!stream_.problem().empty()) return stream_.problem();
  if (answer_.lost() || Unwanted()) return "nobody wants its job any more";
  const auto status = tree_.status();
  return status ? DescribeStatus(*status) : "it closed its socket";
}

}  // namespace headrace
