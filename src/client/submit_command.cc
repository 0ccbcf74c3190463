#include "client/submit_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <thread>

#include "client/file_names.h"

namespace headrace {
namespace {

std::optional<std::string> Mistake(const SubmitOptions& options,
                                   const std::vector<std::string>& files) {
  if (std::count(files.begin(), files.end(), "-") > 1) return "standard input (-) is given twice";
  const bool own_key = options.idempotency_key != "auto" && !options.idempotency_key.empty();
  if (own_key && files.size() > 1) {
    return "one --idempotency-key is for one FILE; auto makes one for each";
  }
  return CheckSubmitOptions(options);
}

}  // namespace

std::vector<std::string> FoldersOf(const std::vector<std::string>& files) {
  std::vector<std::string> folders(files.size());
  if (files.size() == 1) return folders;
  UniqueNames unique;
  std::transform(files.begin(), files.end(), folders.begin(), [&](const std::string& file) {
    const std::string stem = std::filesystem::path(file).stem().string();
    return unique.Take(SafeFileName(file == "-" ? "stdin" : stem));
  });
  return folders;
}

ExitCode SubmitFiles(const SubmitOptions& options, const std::vector<std::string>& files,
                     int parallel, const CommandContext& context) {
  if (const auto mistake = Mistake(options, files)) {
    context.board.Complain(*mistake);
    return ExitCode::kRefused;
  }
  const bool fetches = options.mode != SubmitMode::kAsync;
  if (auto prepared = fetches ? PrepareFolder(options.folder) : Ok(); !prepared) {
    context.board.Complain(prepared.error().hint);
    return ExitCode::kRefused;
  }
  const std::vector<std::string> folders = FoldersOf(files);
  std::vector<ExitCode> ends(files.size(), ExitCode::kInterrupted);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size() && !context.cancel.Cancelled(); i = next++) {
      ends[i] = SubmitJob(options, context, files[i], folders[i]).Run();
    }
  };
  {
    std::vector<std::jthread> threads;
    const auto most = static_cast<std::size_t>(std::max(parallel, 1));
    for (std::size_t i = 0; i < std::min(most, files.size()); ++i) threads.emplace_back(work);
  }
  return *std::max_element(ends.begin(), ends.end());
}

}  // namespace headrace
