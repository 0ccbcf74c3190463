"""What this machine is, as far as the proofs depend on it: cgroup v2 alone, systemd as process 1, Landlock."""

import ctypes
import os
import platform
import subprocess
import sys

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_CREATE_RULESET_VERSION = 1


def printed_by(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def landlock_abi():
    """0 where the kernel has it not, or not turned on."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION))


def main():
    kind = printed_by("stat", "-fc", "%T", "/sys/fs/cgroup")
    if kind != "cgroup2fs":
        sys.exit(f"system: MISSED: /sys/fs/cgroup is {kind}, not cgroup2fs")
    with open("/proc/1/comm", encoding="ascii") as file:
        first = file.read().strip()
    if first != "systemd":
        sys.exit(f"system: MISSED: process 1 is {first}, not systemd")
    if landlock_abi() < 1:
        sys.exit("system: MISSED: the kernel has no Landlock, or it is not turned on")
    with open("/sys/fs/cgroup/cgroup.controllers", encoding="ascii") as file:
        controllers = file.read().strip()
    docker = printed_by("docker", "info", "-f", "{{.ServerVersion}}, cgroup v{{.CgroupVersion}} by {{.CgroupDriver}}, {{.SecurityOptions}}")
    print(f"Linux {platform.release()}, cgroup v2 ({controllers}), Landlock ABI {landlock_abi()}, {len(os.sched_getaffinity(0))} cores, "
          f"virtualization {printed_by('sh', '-c', 'systemd-detect-virt || true')}")
    print(f"{printed_by('systemctl', '--version').splitlines()[0]}; Docker {docker}")


if __name__ == "__main__":
    main()
