#include "handler/mount_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "base/fd.h"

namespace headrace {
namespace {

using std::filesystem::path;

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

bool IsBelow(const path& file, const path& folder) {
  const auto [own, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return own == folder.end() && rest != file.end();
}

// Without dots, and without a slash at its end.
path Normal(const std::string& file) {
  path normal = path(file).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
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
    if (auto reason = Hold(view)) return reason;
    // What contains others comes before them.
    std::set<path> names = hidden_;
    for (const auto& [name, shown] : shown_) names.insert(name);
    for (const path& name : names) {
      if (!Mount(name)) return Reason("mount: " + name.string());
    }
    return Close();
  }

 private:
  std::optional<std::string> Hold(const MountView& view) {
    for (const std::string& folder : view.hidden) HoldHidden(folder);
    if (hidden_.count("/") != 0) return "the root folder cannot be hidden from a program";
    for (const std::string& file : view.writable) HoldShown(file, true);
    for (const std::string& file : view.readable) HoldShown(file, false);
    return std::nullopt;
  }

  void HoldHidden(const std::string& folder) {
    std::error_code error;
    const path real = std::filesystem::canonical(folder, error);
    if (!error && std::filesystem::is_directory(real, error)) hidden_.insert(real);
  }

  [[nodiscard]] bool IsHidden(const path& file) const {
    return std::any_of(hidden_.begin(), hidden_.end(),
                       [&](const path& folder) { return IsBelow(file, folder); });
  }

  // As a part of what is, that is in no hidden folder of its own.
  [[nodiscard]] bool IsShown(const path& file) const {
    return std::any_of(shown_.begin(), shown_.end(), [&](const auto& one) {
      const path& whole = one.first;
      const auto between = [&](const path& folder) {
        return (folder == whole || IsBelow(folder, whole)) && IsBelow(file, folder);
      };
      return whole == file ||
             (IsBelow(file, whole) && std::none_of(hidden_.begin(), hidden_.end(), between));
    });
  }

  // By the name that is used, which may lead over a link that is hidden, and by its own.
  void HoldShown(const std::string& file, bool writable) {
    std::error_code error;
    const path real = std::filesystem::canonical(file, error);
    if (error) return;
    for (const path& name : {Normal(file), real}) {
      if (!IsHidden(name) && !(writable && name == real)) continue;
      if (IsShown(name)) continue;
      UniqueFd held(open(real.c_str(), O_PATH | O_CLOEXEC));
      const bool folder = std::filesystem::is_directory(real, error);
      if (held) shown_[name] = {std::move(held), folder, writable};
    }
  }

  [[nodiscard]] bool Mount(const path& name) const {
    const auto shown = shown_.find(name);
    if (shown != shown_.end() && !Show(name, shown->second)) return false;
    std::error_code error;
    // One in another one may have gone with it.
    if (hidden_.count(name) == 0 || !std::filesystem::exists(name, error)) return true;
    // Read-only in the end, as all else.
    return mount("tmpfs", name.c_str(), "tmpfs", kHarmless, "mode=0755,size=1m") == 0;
  }

  [[nodiscard]] bool Show(const path& name, const Shown& shown) const {
    if (IsHidden(name) && !MakePlace(name, shown.folder)) return false;
    const std::string held = "/proc/self/fd/" + std::to_string(shown.file.get());
    return mount(held.c_str(), name.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
  }

  static bool MakePlace(const path& name, bool folder) {
    std::error_code error;
    std::filesystem::create_directories(folder ? name : name.parent_path(), error);
    if (folder || std::filesystem::exists(name, error)) return !error;
    return static_cast<bool>(UniqueFd(open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  }

  // All that is not writable becomes read-only; then /proc is the new one.
  [[nodiscard]] std::optional<std::string> Close() const {
    if (!SetAttributes("/", {kReadOnly})) return Reason("mount_setattr: /");
    for (const auto& [name, shown] : shown_) {
      if (!shown.writable || SetAttributes(name, {0, kReadOnly})) continue;
      return Reason("mount_setattr: " + name.string());
    }
    if (mount("proc", "/proc", "proc", kHarmless, nullptr) != 0) return Reason("mount: /proc");
    return std::nullopt;
  }

  std::set<path> hidden_;
  std::map<path, Shown> shown_;
};

}  // namespace

std::optional<std::string> EnterMountView(const MountView& view) { return View().Enter(view); }

}  // namespace headrace
