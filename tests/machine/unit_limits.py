"""What the service makes of the limits of its systemd unit: unit_limits.py HTTP MANAGEMENT. Limits of its own and of its
slice are what the first line of the log says; then uploads of 64 MB and a stop under load within 150% and 1 GiB.

The unit headrace.service is installed and its configuration is there, with the two addresses and the queues `simulate` and
`pdf-to-image`. Run as root on the machine.
"""

import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "image"))
from container import SLOW, Missed, need  # noqa: E402
from stop_under_load import CLIENTS, Load  # noqa: E402

UNITS = pathlib.Path("/etc/systemd/system")
DROP_IN = UNITS / "headrace.service.d/limits.conf"
SLICE = UNITS / "small.slice"
GROUPS = pathlib.Path("/sys/fs/cgroup")

# What the drop-in says, what the slice says, what the first line must have. The first is the usual one: last, it stays.
CASES = [
    (["AllowedCPUs=1"], [], r": 1 slots \(1 cores may be used\); memory limit [34]"),
    (["CPUQuota=50%"], [], r": 1 slots \(at least one, although the cgroup's CPU quota is 0.5\)"),
    (["CPUQuota=200%", "MemoryMax=2G"], [], r": 2 slots \(2 cores may be used\); memory limit 2GiB"),
    (["MemoryHigh=1G"], [], r"; memory limit 1GiB"),
    (["MemoryMax=2G", "MemoryHigh=1G"], [], r"; memory limit 1GiB"),
    (["Slice=small.slice"], ["CPUQuota=150%", "MemoryMax=1G"], r": 1 slots \(the cgroup's CPU quota is 1.5\); memory limit 1GiB"),
    (["CPUQuota=150%", "MemoryMax=1G"], [], r": 1 slots \(the cgroup's CPU quota is 1.5\); memory limit 1GiB"),
]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def show(name):
    return run("systemctl", "show", "-p", name, "--value", "headrace")


def said():
    """The log of the last start."""
    return run("journalctl", "--no-pager", "-o", "cat", f"_SYSTEMD_INVOCATION_ID={show('InvocationID')}")


def limit(lines, of_slice):
    DROP_IN.write_text("[Service]\n" + "\n".join(lines) + "\n", encoding="ascii")
    SLICE.write_text("[Slice]\n" + "\n".join(of_slice) + "\n", encoding="ascii")
    run("systemctl", "daemon-reload")


def start(management):
    subprocess.run(["systemctl", "reset-failed", "headrace"], check=False)
    run("systemctl", "restart", "headrace")
    until = time.time() + 20 * SLOW
    while subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://{management}/readyz"], check=False).returncode != 0:
        need(time.time() < until, f"the service does not become ready: {said()[-2000:]}")
        time.sleep(0.05)


def limits(management):
    for lines, of_slice, wanted in CASES:
        limit(lines, of_slice)
        start(management)
        first = next((line for line in said().splitlines() if " slots (" in line), "")
        what = " ".join(lines) + (f", which has {' '.join(of_slice)}" if of_slice else "")
        need(re.search(wanted, first), f"{what}: {wanted} wanted: {first}")
        print(f"{what}: {first.partition(' info ')[2]}", flush=True)


def refusal():
    limit(["MemoryMax=128M", "Restart=no"], [])
    subprocess.run(["systemctl", "restart", "headrace"], check=False)
    until = time.time() + 20 * SLOW
    while show("ActiveState") in ("activating", "active", "deactivating") and time.time() < until:
        time.sleep(0.1)
    text = said()
    need(show("Result") == "exit-code" and "memory does not suffice" in text, f"MemoryMax=128M was not refused: {text[-1000:]}")
    line = next(line for line in text.splitlines() if "memory does not suffice" in line)
    print(f"MemoryMax=128M: refused: {line.partition(' error ')[2]}", flush=True)


def uploads(http):
    flood = pathlib.Path(__file__).resolve().parent.parent / "image/flood.py"
    urls = [f"http://{http}/v1/queues/{queue}/jobs" for queue in ("simulate", "pdf-to-image")]
    code = subprocess.run([sys.executable, str(flood), *urls], check=False).returncode
    need(code == 0, "uploads of 64 MB were not answered")
    group = GROUPS / show("ControlGroup").lstrip("/")
    events = dict(line.split() for line in (group / "memory.events").read_text(encoding="ascii").splitlines())
    need(events["oom_kill"] == "0", f"the kernel killed for memory: {events}")
    peak = int((group / "memory.peak").read_text(encoding="ascii")) >> 20
    print(f"after them memory.events of the unit: {' '.join(f'{name} {count}' for name, count in events.items())}; at most {peak} MiB of 1024",
          flush=True)


def stop(http):
    load = Load(int(http.rpartition(":")[2]))
    load.start()
    while load.total() < 20 * CLIENTS:
        time.sleep(0.01)
    begun = time.monotonic()
    run("systemctl", "stop", "headrace")
    took = time.monotonic() - begun
    load.join()
    figures = ", ".join(f"{count} times {answer}" for answer, count in sorted(load.answers.items()))
    need(not load.lost, f"{len(load.lost)} requests got no answer, such as {load.lost[0] if load.lost else ''}; {figures}")
    need({answer.split()[1] for answer in load.answers} <= {"200", "503"}, f"answers that are neither 200 nor 503: {figures}")
    need(show("Result") == "success", f"the stop ended as {show('Result')}: {said()[-1000:]}")
    print(f"systemctl stop under load: {figures}; none without an answer; stopped after {took:.1f} s")


def main():
    http, management = sys.argv[1:]
    try:
        refusal()
        limits(management)
        uploads(http)
        stop(http)
    except (Missed, subprocess.CalledProcessError) as error:
        sys.exit(f"unit_limits: MISSED: {error}")


if __name__ == "__main__":
    main()
