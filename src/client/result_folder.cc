#include "client/result_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <system_error>

#include "base/memfd.h"
#include "client/exit_codes.h"
#include "client/input.h"

namespace headrace {
namespace {

constexpr mode_t kUsualMode = 0666;  // less the umask

bool Exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Error IsThere(const std::string& place) {
  return Refusal(fmt::format("{} is there already; --force replaces it", place));
}

std::string Joined(const std::string& folder, const std::string& name) {
  return folder == "." ? name : (folder.ends_with('/') ? folder + name : folder + "/" + name);
}

}  // namespace

Status PrepareFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && !std::filesystem::is_directory(folder, error)) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0) {
    error = {errno, std::generic_category()};
  }
  if (!error) return Ok();
  return Refusal(fmt::format("cannot write into {}: {}", folder, SystemText(error.value())));
}

std::string ResultFolder::PlaceOf(const std::string& name) const {
  const std::string folder =
      options_.below.empty() ? options_.folder : Joined(options_.folder, options_.below);
  return Joined(folder, name);
}

Error ResultFolder::Failed(const std::string& path, int error) const {
  return Broken("cannot-write", fmt::format("cannot write {}: {}", path, SystemText(error)));
}

Status ResultFolder::MakeHidden() {
  if (!hidden_.empty()) return Ok();
  std::string pattern = Joined(options_.folder, ".headrace-XXXXXX");
  if (::mkdtemp(pattern.data()) == nullptr) return Failed(options_.folder, errno);
  hidden_ = pattern;
  return Ok();
}

Status ResultFolder::BeginPart(std::string_view name) {
  if (auto made = MakeHidden(); !made) return made;
  const std::string safe = unique_.Take(SafeFileName(name));
  const std::string place = PlaceOf(safe);
  if (!options_.force && Exists(place)) return IsThere(place);
  const std::string path = hidden_ + "/" + safe;
  file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kUsualMode));
  if (!file_) return Failed(place, errno);
  names_.push_back(safe);
  part_bytes_ = 0;
  return Ok();
}

Status ResultFolder::WritePart(std::string_view bytes) {
  if (!WriteAll(file_.get(), std::as_bytes(std::span(bytes)))) {
    return Failed(PlaceOf(names_.back()), errno);
  }
  bytes_ += bytes.size();
  part_bytes_ += bytes.size();
  return Ok();
}

Status ResultFolder::EndPart() {
  // Some file systems tell of a full disk only here.
  if (::close(file_.release()) != 0) return Failed(PlaceOf(names_.back()), errno);
  return Ok();
}

Status ResultFolder::RestartPart() {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    return Failed(PlaceOf(names_.back()), errno);
  }
  bytes_ -= part_bytes_;
  part_bytes_ = 0;
  return Ok();
}

Status ResultFolder::Move(const std::string& name) const {
  const std::string path = hidden_ + "/" + name;
  const std::string place = PlaceOf(name);
  if (!options_.force) {
    if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0) {
      return Ok();
    }
    if (errno == EEXIST) return IsThere(place);
    if (errno != EINVAL) return Failed(place, errno);  // EINVAL: the file system cannot do that
    if (Exists(place)) return IsThere(place);
  }
  if (::rename(path.c_str(), place.c_str()) != 0) return Failed(place, errno);
  return Ok();
}

Status ResultFolder::Commit() {
  if (!options_.below.empty() && !names_.empty()) {
    const std::string folder = Joined(options_.folder, options_.below);
    if (::mkdir(folder.c_str(), S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST) {
      return Failed(folder, errno);
    }
  }
  if (!options_.force) {
    for (const std::string& name : names_) {
      if (Exists(PlaceOf(name))) return IsThere(PlaceOf(name));
    }
  }
  for (const std::string& name : names_) {
    if (auto moved = Move(name); !moved) return moved;
    files_.push_back(PlaceOf(name));
  }
  names_.clear();
  Discard();
  return Ok();
}

void ResultFolder::Discard() {
  file_.reset();
  names_.clear();
  unique_ = {};
  bytes_ = part_bytes_ = 0;
  if (hidden_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(hidden_, ignored);
  hidden_.clear();
}

}  // namespace headrace
