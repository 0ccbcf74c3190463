#include "handler/ocr/language_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace headrace {
namespace {

// Where distributions put it; the first folder that is there counts.
constexpr std::array kFolders{"/usr/share/tesseract-ocr/5/tessdata",
                              "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata",
                              "/usr/local/share/tessdata"};

Error Missing(std::string hint) {
  return Error{ErrorCode::kInvalidArgument, "argument", std::move(hint), "", 0};
}

Expected<std::string> FolderOf(const OcrOptions& options) {
  if (options.data_dir != "auto") return options.data_dir;
  for (const char* folder : kFolders) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return std::string(folder);
  }
  return Missing(
      fmt::format("no folder with Tesseract's trained data was found ({}); install a language "
                  "(Debian: tesseract-ocr-eng), or name the folder by ocr.data_dir",
                  fmt::join(kFolders, ", ")));
}

// An empty one is what a broken download leaves.
bool HasData(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return !error && size > 0 && ::access(file.c_str(), R_OK) == 0;
}

std::string PackageOf(std::string language) {
  std::replace(language.begin(), language.end(), '_', '-');
  return "tesseract-ocr-" + language;
}

}  // namespace

Expected<std::vector<std::string>> LanguageFiles(const OcrOptions& options) {
  const auto folder = FolderOf(options);
  if (!folder) return folder.error();
  std::vector<std::string> files;
  for (const std::string& language : options.languages) {
    files.push_back(fmt::format("{}/{}{}", *folder, language, kTrainedData));
    if (HasData(files.back())) continue;
    return Missing(fmt::format(
        "{} cannot be read; install the language (Debian: {}), or take it out of ocr.languages",
        files.back(), PackageOf(language)));
  }
  return files;
}

}  // namespace headrace
