#include "engine/sqlite/body_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/job_id.h"
#include "base/log.h"
#include "engine/sqlite/schema.h"

namespace headrace::sqlite {
namespace {

constexpr std::string_view kUnfinished = "unfinished-";

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// <job id>.<anything>
bool BelongsToAJob(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && QueueOfJobId(name.substr(0, dot)).has_value();
}

}  // namespace

Expected<std::unique_ptr<BodyFiles>> BodyFiles::Open(const std::string& path, FileOps& ops) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return EngineDown(fmt::format("mkdir {}: {}", path, std::strerror(errno)));
  }
  UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return EngineDown(fmt::format("open {}: {}", path, std::strerror(errno)));
  return std::unique_ptr<BodyFiles>(new BodyFiles(std::move(folder), path, ops));
}

BodyFiles::BodyFiles(UniqueFd folder, std::string path, FileOps& ops)
    : folder_(std::move(folder)), path_(std::move(path)), ops_(ops) {}

Error BodyFiles::Failed(const char* call, const std::string& name) const {
  return EngineDown(fmt::format("{} {}/{}: {}", call, path_, name, std::strerror(errno)));
}

std::string BodyFiles::FreeName(const std::string& wanted) const {
  std::string name = wanted;
  for (int number = 1; faccessat(folder_.get(), name.c_str(), F_OK, 0) == 0; ++number) {
    name = fmt::format("{}.{}", wanted, number);
  }
  return name;
}

Status BodyFiles::WriteNew(const std::string& name, const Payload& payload) {
  const UniqueFd file = ops_.Create(folder_.get(), name);
  if (!file) return Failed("create", name);
  if (!ops_.Write(file.get(), payload)) return Failed("write", name);
  if (!ops_.Sync(file.get())) return Failed("fdatasync", name);
  return Ok();
}

Expected<std::string> BodyFiles::Write(const std::string& wanted, const Payload& payload) {
  const std::string unfinished = fmt::format("{}{}", kUnfinished, next_.fetch_add(1));
  if (auto written = WriteNew(unfinished, payload); !written) {
    Remove(unfinished);
    return std::move(written).error();
  }
  std::string name = FreeName(wanted);
  if (!ops_.Rename(folder_.get(), unfinished, name)) {
    Error error = Failed("rename", name);
    Remove(unfinished);
    return error;
  }
  if (!ops_.SyncFolder(folder_.get())) {
    Error error = Failed("fsync of the folder of", name);
    Remove(name);
    return error;
  }
  return name;
}

void BodyFiles::Remove(const std::string& name) {
  if (ops_.Unlink(folder_.get(), name) || errno == ENOENT) return;
  LogWarn("store: {detail}; it is tried again at the next start",
          {{"detail", Failed("unlink", name).detail}});
}

Status BodyFiles::Probe() {
  const std::string name = fmt::format("{}{}", kUnfinished, next_.fetch_add(1));
  auto written = WriteNew(name, Payload::FromString(std::string(kProbe, '\0')));
  Remove(name);
  return written;
}

Expected<Payload> BodyFiles::Read(const std::string& name, std::uint64_t size) const {
  UniqueFd file(openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file && fstat(file.get(), &status) == 0 &&
      static_cast<std::uint64_t>(status.st_size) == size) {
    return Payload::FromFile(std::move(file), size);
  }
  const bool gone = errno == ENOENT || file;
  return Error{gone ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
               gone ? "payload-lost" : "engine-down",
               gone ? "the bytes are lost" : "the bytes cannot be read at the moment",
               fmt::format("{}/{}: {}", path_, name,
                           file ? fmt::format("has not its {} bytes", size) : std::strerror(errno)),
               0};
}

Expected<std::vector<std::string>> BodyFiles::Names() const {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(path_.c_str()));
  if (!folder) return Failed("opendir", "");
  std::vector<std::string> names;
  errno = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): each has its own stream
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (IsUnfinished(name) || BelongsToAJob(name)) names.push_back(name);
  }
  if (errno != 0) return Failed("readdir", "");
  return names;
}

bool BodyFiles::IsUnfinished(const std::string& name) { return name.starts_with(kUnfinished); }

}  // namespace headrace::sqlite
