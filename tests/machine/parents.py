"""A container below a slice that has limits (docker run --cgroup-parent): parents.py IMAGE. In a cgroup namespace of its own,
as containers have it on cgroup v2, nobody sees them: that is printed. In the machine's they are what the service plans with."""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "image"))
from container import Container, Missed, need  # noqa: E402
from limits import first_line  # noqa: E402

SLICE = pathlib.Path("/etc/systemd/system/tight.slice")


def said(image, namespace):
    with Container(image, ["--cgroup-parent", "tight.slice", "--cgroupns", namespace]) as container:
        return first_line(container).partition(" info ")[2]


def main():
    SLICE.write_text("[Slice]\nCPUQuota=100%\nMemoryMax=1G\n", encoding="ascii")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    try:
        print(f"a slice of 100% and 1 GiB, seen from a cgroup namespace of its own: {said(sys.argv[1], 'private')}", flush=True)
        line = said(sys.argv[1], "host")
        need(re.search(r": 1 slots \(the cgroup's CPU quota is 1\); memory limit 1GiB", line), f"--cgroupns host: the slice is not seen: {line}")
        print(f"the same slice with --cgroupns host: {line}")
    except (Missed, subprocess.CalledProcessError) as error:
        sys.exit(f"parents: MISSED: {error}")


if __name__ == "__main__":
    main()
