#include "handler/sandbox/mount_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"

namespace headrace {
namespace {

// The kernel's, from include/uapi/linux/mount.h: the headers may be older.
struct MountAttributes {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t user_namespace = 0;
};
constexpr std::uint64_t kReadOnly = 1;
constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr unsigned kRecursive = 0x8000;  // AT_RECURSIVE

std::string Reason(const std::string& what) { return what + ": " + std::strerror(errno); }

bool SetAttributes(const std::string& mount, MountAttributes attributes) {
  return syscall(SYS_mount_setattr, AT_FDCWD, mount.c_str(), kRecursive, &attributes,
                 sizeof attributes) == 0;
}

// Both without dots and links, and without a slash at the end.
bool IsBelow(std::string_view file, std::string_view folder) {
  return file.size() > folder.size() && file.starts_with(folder) && file[folder.size()] == '/';
}

std::string Normal(const std::string& file) {
  const std::filesystem::path normal = std::filesystem::path(file).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// Empty if it is not there.
std::string Real(const std::string& file) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(file.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : std::string();
}

bool IsFolder(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Something that is to be seen, held from before it is hidden.
struct Shown {
  UniqueFd file;
  bool folder = false;
  bool writable = false;
};

class View {
 public:
  std::optional<std::string> Enter(const MountView& view) {
    // What is mounted here, or elsewhere from now on, is nobody else's.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Reason("mount: /");
    if (auto reason = HoldAll(view)) return reason;
    // What contains others comes before them.
    std::set<std::string> names = hidden_;
    for (const auto& [name, shown] : shown_) names.insert(name);
    for (const std::string& name : names) {
      if (!Mount(name)) return Reason("mount: " + name);
    }
    return Close();
  }

 private:
  std::optional<std::string> HoldAll(const MountView& view) {
    for (const std::string& folder : view.hidden) HoldHidden(folder);
    if (hidden_.count("/") != 0) return "the root folder cannot be hidden from a program";
    for (const std::string& file : view.writable) HoldShown(file, true);
    for (const std::string& file : view.readable) HoldShown(file, false);
    return std::nullopt;
  }

  void HoldHidden(const std::string& folder) {
    const std::string real = Real(folder);
    if (!real.empty() && IsFolder(real)) hidden_.insert(real);
  }

  [[nodiscard]] bool IsHidden(const std::string& file) const {
    return std::any_of(hidden_.begin(), hidden_.end(),
                       [&](const std::string& folder) { return IsBelow(file, folder); });
  }

  // As a part of what is, that is in no hidden folder of its own.
  [[nodiscard]] bool IsShown(const std::string& file) const {
    return std::any_of(shown_.begin(), shown_.end(), [&](const auto& one) {
      const std::string& whole = one.first;
      const auto between = [&](const std::string& folder) {
        return (folder == whole || IsBelow(folder, whole)) && IsBelow(file, folder);
      };
      return whole == file ||
             (IsBelow(file, whole) && std::none_of(hidden_.begin(), hidden_.end(), between));
    });
  }

  // By the name that is used, which may lead over a link that is hidden, and by its own.
  void HoldShown(const std::string& file, bool writable) {
    const std::string real = Real(file);
    if (real.empty()) return;
    Hold(real, real, writable);
    if (const std::string name = Normal(file); name != real) Hold(name, real, writable);
  }

  void Hold(const std::string& name, const std::string& real, bool writable) {
    const bool changes = IsHidden(name) || (writable && name == real);
    if (!changes || IsShown(name)) return;
    UniqueFd held(open(real.c_str(), O_PATH | O_CLOEXEC));
    if (held) shown_[name] = {std::move(held), IsFolder(real), writable};
  }

  [[nodiscard]] bool Mount(const std::string& name) const {
    const auto shown = shown_.find(name);
    if (shown != shown_.end() && !Show(name, shown->second)) return false;
    // One in another one may have gone with it.
    if (hidden_.count(name) == 0 || !IsFolder(name)) return true;
    // Read-only in the end, as all else.
    return mount("tmpfs", name.c_str(), "tmpfs", kHarmless, "mode=0755,size=1m") == 0;
  }

  [[nodiscard]] bool Show(const std::string& name, const Shown& shown) const {
    if (IsHidden(name) && !MakePlace(name, shown.folder)) return false;
    const std::string held = "/proc/self/fd/" + std::to_string(shown.file.get());
    return mount(held.c_str(), name.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
  }

  static bool MakePlace(const std::string& name, bool folder) {
    std::error_code error;
    const std::filesystem::path place(name);
    std::filesystem::create_directories(folder ? place : place.parent_path(), error);
    if (folder || std::filesystem::exists(place, error)) return !error;
    return static_cast<bool>(UniqueFd(open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  }

  // All that is not writable becomes read-only; then /proc is the new one.
  [[nodiscard]] std::optional<std::string> Close() const {
    if (!SetAttributes("/", {kReadOnly})) return Reason("mount_setattr: /");
    for (const auto& [name, shown] : shown_) {
      if (!shown.writable || SetAttributes(name, {0, kReadOnly})) continue;
      return Reason("mount_setattr: " + name);
    }
    if (mount("proc", "/proc", "proc", kHarmless, nullptr) != 0) return Reason("mount: /proc");
    return std::nullopt;
  }

  std::set<std::string> hidden_;
  std::map<std::string, Shown> shown_;
};

}  // namespace

std::optional<std::string> EnterMountView(const MountView& view) { return View().Enter(view); }

}  // namespace headrace
