#include "handler/ocr/language_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <map>
#include <span>
#include <stdexcept>
#include <string_view>

#include "base/fd.h"
#include "handler/ocr/language_files.h"

namespace headrace {
namespace {

std::map<std::string, std::span<const char>, std::less<>>& Loaded() {
  static std::map<std::string, std::span<const char>, std::less<>> loaded;
  return loaded;
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

}  // namespace

void LoadLanguageData(const OcrOptions& options) {
  const auto files = LanguageFiles(options);
  if (!files) throw std::runtime_error(files.error().hint);
  for (std::size_t i = 0; i < files->size(); ++i) {
    const std::span<const char> data = MapFile((*files)[i]);
    if (data.empty()) throw std::runtime_error((*files)[i] + " cannot be read");
    Loaded().insert_or_assign(options.languages[i], data);
  }
}

bool ReadLanguageData(const char* path, std::vector<char>* data) {
  std::string_view name(path);
  const std::string folder = std::string(kMemoryFolder) + "/";
  if (!name.starts_with(folder) || !name.ends_with(kTrainedData)) return false;
  name.remove_prefix(folder.size());
  name.remove_suffix(kTrainedData.size());
  const auto found = Loaded().find(name);
  if (found == Loaded().end()) return false;
  data->assign(found->second.begin(), found->second.end());
  return true;
}

}  // namespace headrace
