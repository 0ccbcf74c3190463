#include "handler/command/program_paths.h"

#include <algorithm>
#include <array>

namespace headrace {
namespace {

constexpr std::array kSystem{
    // Programs and libraries.
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store",
    "/gnu/store",
    // How they are found and which of them are meant.
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
    "/etc/alternatives", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
    // Names, places, times. None of these holds a secret.
    "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/timezone",
    "/etc/locale.alias", "/etc/locale.conf", "/etc/os-release", "/etc/debian_version",
    "/etc/mime.types", "/etc/magic", "/etc/magic.mime", "/etc/papersize", "/etc/paperspecs",
    "/etc/terminfo",
    // What common tools read before they start.
    "/etc/fonts", "/var/cache/fontconfig", "/etc/ImageMagick-6", "/etc/ImageMagick-7",
    "/etc/GraphicsMagick", "/etc/ghostscript", "/var/lib/ghostscript", "/etc/libreoffice",
    "/etc/texmf", "/var/lib/texmf", "/etc/python3", "/etc/python3.11", "/etc/python3.12",
    "/etc/python3.13", "/etc/perl", "/etc/java-11-openjdk", "/etc/java-17-openjdk",
    "/etc/java-21-openjdk", "/etc/java-25-openjdk", "/etc/OpenCL", "/etc/crypto-policies",
    "/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    // What a library asks about the machine. Of processes, its own.
    "/proc/self", "/proc/thread-self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/loadavg", "/proc/uptime", "/proc/version", "/proc/filesystems",
    "/proc/sys/kernel/cap_last_cap", "/proc/sys/kernel/ngroups_max", "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/pid_max", "/proc/sys/kernel/random", "/proc/sys/vm/max_map_count",
    "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu", "/sys/devices/system/node",
    "/sys/kernel/mm/transparent_hugepage", "/dev/zero", "/dev/random", "/dev/urandom",
    // What it was given: a path like /dev/stdin means the file behind it.
    "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/self/fd/3"};

constexpr std::array kNetwork{"/etc/hosts",     "/etc/resolv.conf",
                              "/etc/host.conf", "/etc/gai.conf",
                              "/etc/services",  "/etc/protocols",
                              "/etc/networks",  "/run/systemd/resolve",
                              "/etc/hostname",  "/proc/sys/net/core/somaxconn"};

constexpr std::array kForEverybody{"/tmp", "/var/tmp", "/dev/shm"};

bool Has(const std::vector<std::string>& paths, const char* path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

LandlockPolicy ReachOfProgram(const CommandOptions& options, const std::vector<std::string>& argv,
                              const std::string& folder) {
  LandlockPolicy policy;
  policy.readable.assign(kSystem.begin(), kSystem.end());
  policy.network = options.network;
  if (options.network) {
    policy.readable.insert(policy.readable.end(), kNetwork.begin(), kNetwork.end());
  }
  for (const std::string& argument : argv) {
    // A lone slash separates something more often than it means all files.
    if (argument.size() > 1 && argument.front() == '/') policy.readable.push_back(argument);
  }
  policy.readable.insert(policy.readable.end(), options.readable.begin(), options.readable.end());
  policy.writable = options.writable;
  policy.writable.push_back(folder);
  policy.writable.emplace_back("/dev/null");
  return policy;
}

MountView ViewOfProgram(const CommandOptions& options, const LandlockPolicy& reach) {
  MountView view;
  view.hidden = {options.scratch_dir};
  for (const char* const folder : kForEverybody) {
    const bool granted = Has(reach.readable, folder) || Has(reach.writable, folder);
    if (!granted) view.hidden.emplace_back(folder);
  }
  view.readable = reach.readable;
  // A device can be written to on a read-only file system too.
  view.writable = reach.writable;
  std::erase(view.writable, "/dev/null");
  return view;
}

}  // namespace headrace
