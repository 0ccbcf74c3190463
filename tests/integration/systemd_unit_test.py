"""examples/systemd/headrace.service is a unit that systemd takes, closed as docs/install.md says, and gives the
service the time that its stop takes. usage: systemd_unit_test.py HEADRACE UNIT; exit 77: no systemd-analyze here.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MOST_EXPOSED = 2.0  # of 10, as `systemd-analyze security` counts


def check(good, problem):
    if not good:
        sys.exit(f"systemd_unit_test: {problem}")


def seconds(text):
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "": 1}
    number, unit = re.fullmatch(r"(\d+)([a-z]*)", text).groups()
    return int(number) * units[unit]


def settings(text):
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def analyze(folder, program, text):
    """verify has nothing to say of the unit, with the program where it is here, and security little."""
    unit = pathlib.Path(folder, "headrace.service")
    unit.write_text(text.replace("/usr/local/bin/headrace", program))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    about_us = [line for line in verified.stderr.splitlines() if "headrace" in line]
    check(verified.returncode == 0 and not about_us, f"systemd-analyze verify: {verified.stderr}")
    secure = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True,
                            check=False)
    score = re.search(r"exposure level for headrace.service: ([\d.]+)", secure.stdout)
    check(score, f"systemd-analyze security says no score: {secure.stdout[-500:]}{secure.stderr}")
    check(float(score.group(1)) <= MOST_EXPOSED, f"exposure {score.group(1)}, at most {MOST_EXPOSED} is meant")
    print(f"exposure {score.group(1)}")


def main():
    program, unit = sys.argv[1], pathlib.Path(sys.argv[2])
    text = unit.read_text()
    given = settings(text)
    sample = subprocess.run([program, "config-reference", "--sample"], capture_output=True, text=True, check=True).stdout
    stop = sum(seconds(re.search(rf"^  {key}: (\S+)", sample, re.MULTILINE).group(1)) for key in ("delay", "drain"))
    check(seconds(given["TimeoutStopSec"]) >= stop + 5, f"TimeoutStopSec leaves no room beside shutdown's {stop} s")
    check(given["KillMode"] == "mixed", "KillMode: executors must not get the service's SIGTERM")
    check(given["OOMPolicy"] == "continue", "OOMPolicy: an executor that is killed for memory must not end the service")
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed (Debian: systemd)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        analyze(folder, program, text)


if __name__ == "__main__":
    main()
