#include "handler/ocr/language_data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "base/fd.h"

namespace headrace {
namespace {

constexpr std::string_view kSuffix = ".traineddata";

// Where distributions put it; the first folder that is there counts.
constexpr std::array kFolders{"/usr/share/tesseract-ocr/5/tessdata",
                              "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata",
                              "/usr/local/share/tessdata"};

std::map<std::string, std::span<const char>, std::less<>>& Loaded() {
  static std::map<std::string, std::span<const char>, std::less<>> loaded;
  return loaded;
}

std::string FolderOf(const OcrOptions& options) {
  if (options.data_dir != "auto") return options.data_dir;
  for (const char* folder : kFolders) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return folder;
  }
  throw std::runtime_error(
      fmt::format("no folder with Tesseract's trained data was found ({}); install a language "
                  "(Debian: tesseract-ocr-eng), or name the folder by ocr.data_dir",
                  fmt::join(kFolders, ", ")));
}

// The file as read-only memory that nobody gives back: pages that the kernel may drop and read
// again, and that all executors share. Empty if there is nothing to read.
std::span<const char> MapFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || status.st_size <= 0) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) return {};
  return {static_cast<const char*>(memory), size};
}

std::string InstallHint(std::string language) {
  for (char& c : language) {
    if (c == '_') c = '-';
  }
  return "Debian: tesseract-ocr-" + language;
}

}  // namespace

void LoadLanguageData(const OcrOptions& options) {
  const std::string folder = FolderOf(options);
  for (const std::string& language : options.languages) {
    const std::string path = fmt::format("{}/{}{}", folder, language, kSuffix);
    const std::span<const char> data = MapFile(path);
    if (data.empty()) {
      throw std::runtime_error(
          fmt::format("{} cannot be read; install the language ({}), or take it out of "
                      "ocr.languages",
                      path, InstallHint(language)));
    }
    Loaded().insert_or_assign(language, data);
  }
}

bool ReadLanguageData(const char* path, std::vector<char>* data) {
  std::string_view name(path);
  const std::string folder = std::string(kMemoryFolder) + "/";
  if (!name.starts_with(folder) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(folder.size());
  name.remove_suffix(kSuffix.size());
  const auto found = Loaded().find(name);
  if (found == Loaded().end()) return false;
  data->assign(found->second.begin(), found->second.end());
  return true;
}

}  // namespace headrace
