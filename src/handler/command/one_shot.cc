#include "handler/command/one_shot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/memfd.h"
#include "handler/command/program_output.h"
#include "handler/command/program_setting.h"
#include "handler/command/supervisor.h"
#include "handler/frames/frames.h"

namespace headrace {
namespace {

Error FileError(const char* what) {
  return {ErrorCode::kInternal, "handler-failed", "the service has no room to work in",
          std::string(what) + ": " + std::strerror(errno)};
}

Failure ToFailure(const Error& error) {
  return {Failure::Kind::kInternal, error.type, error.hint, error.detail};
}

// A description of its own, so that the program's offset is the beginning and nobody else's.
UniqueFd OpenAgain(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// A file without a name that can be read only, at its beginning.
UniqueFd ReadableText(const std::string& text) {
  const UniqueFd file(memfd_create("params", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || !WriteAll(file.get(), std::as_bytes(std::span(text))) || !SealForever(file.get())) {
    return {};
  }
  return OpenAgain(file.get());
}

std::string ReadBeginning(int file, std::size_t longest) {
  std::string text(longest, '\0');
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::string Trimmed(std::string text) {
  const auto last = text.find_last_not_of(' ');
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

// Of all that has been reaped, whole seconds.
std::uint64_t CpuSecondsOfChildren() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  constexpr auto kMicros = 1'000'000;
  return static_cast<std::uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                                    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / kMicros);
}

}  // namespace

std::optional<Failure> OneShot::Run(const Job& job, KeeperContext& context) {
  auto errors = ErrorOutput::Make();
  if (!errors) return ToFailure(errors.error());
  errors->Begin(options_.stderr_limit, [&](std::string_view text) { context.Stderr(text); });
  auto program = Start(job, *errors);
  if (!program) return ToFailure(program.error());
  errors->CloseWriter();
  ScratchWatch watch(*scratch_, options_.scratch,
                     {IdOf(input_.get()), IdOf(output_.get()), IdOf(params_.get())});
  cpu_before_ = CpuSecondsOfChildren();
  const RunEnd end =
      Supervise(*std::move(program), {tree_, *errors, watch, socket_, options_.grace});
  if (auto failure = FailureOf(end, Details(*errors), options_)) return failure;
  return output_ ? CollectStandardOutput(output_.get(), options_, context)
                 : CollectOutputFolder(*scratch_, options_, context);
}

Expected<StartedProgram> OneShot::Start(const Job& job, ErrorOutput& errors) {
  auto scratch = Scratch::Make(options_.scratch_dir);
  if (!scratch) return std::move(scratch).error();
  scratch_.emplace(*std::move(scratch));
  auto files = MakeFiles(job);
  if (!files) return std::move(files).error();
  ProgramSpec spec;
  spec.argv = ProgramArguments(options_, *scratch_);
  spec.environment = ProgramEnvironment(options_, *scratch_, &job);
  spec.folder = scratch_->path();
  spec.work_folder = scratch_->tmp();
  spec.input = input_.get();
  spec.output = output_ ? output_.get() : errors.writer();
  spec.error = errors.writer();
  spec.extra = params_.get();
  spec.file_size = FileSize();
  return launcher_.Launch(spec);
}

Status OneShot::MakeFiles(const Job& job) {
  if (job.payload_fd >= 0) {
    input_ = OpenAgain(job.payload_fd);
    if (!input_) return FileError("payload");
  }
  if (HasPlace(options_, kInputPlace)) {
    auto file = scratch_->MakeFile(options_.input_name);
    if (!file) return std::move(file).error();
    if (!WriteAll(file->get(), job.payload)) return FileError("a copy of the payload");
  }
  if (HasPlace(options_, kOutputPlace)) {
    if (auto made = scratch_->MakeOutput(); !made) return made;
  } else {
    auto file = scratch_->MakeUnnamedFile();
    if (!file) return std::move(file).error();
    output_ = *std::move(file);
  }
  params_ = ReadableText(ParamsJson(job.params));
  if (!params_) return FileError("params");
  return Ok();
}

// Standard output may be as long as a result, and a byte more to show that it would be longer. The
// scratch, which is measured every so often only, cannot be overrun by one file where that is not
// the result.
std::uint64_t OneShot::FileSize() const {
  if (options_.max_result == 0) return 0;
  const std::uint64_t most = options_.max_result + 1;
  return output_ ? most : std::min(most, options_.scratch);
}

EndDetails OneShot::Details(const ErrorOutput& errors) const {
  EndDetails details;
  details.last_line = errors.LastLine();
  details.cpu_seconds = CpuSecondsOfChildren() - cpu_before_;
  if (!output_) return details;
  details.refusal =
      Trimmed(PlainText(ReadBeginning(output_.get(), kMaxFailureHint), kMaxFailureHint));
  struct stat status {};
  details.output_cut = options_.max_result != 0 && fstat(output_.get(), &status) == 0 &&
                       static_cast<std::uint64_t>(status.st_size) > options_.max_result;
  return details;
}

}  // namespace headrace
