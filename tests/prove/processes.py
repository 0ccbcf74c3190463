"""What /proc tells of a service's children."""

import time
from pathlib import Path


def stat_of(pid):
    """(parent, state) of a process; None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[0]


def all_parents():
    """Parent and state by process id, of everything that runs."""
    table = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            stat = stat_of(folder.name)
            if stat:
                table[int(folder.name)] = stat
    return table


def descendants(pid):
    """All processes below one, zombies too."""
    table = all_parents()
    found, front = set(), {pid}
    while front:
        front = {child for child, (parent, _) in table.items() if parent in front} - found
        found |= front
    return found


def alive(pids):
    """Those that still run; a zombie does not."""
    return {pid for pid in pids if (stat := stat_of(pid)) and stat[1] not in "ZX"}


def zombies(pids):
    return {pid for pid in pids if (stat := stat_of(pid)) and stat[1] == "Z"}


def seconds_until_gone(pids, limit):
    """How long it takes until none of them runs any more; None after `limit` seconds."""
    start = time.monotonic()
    while alive(pids):
        if time.monotonic() - start > limit:
            return None
        time.sleep(0.001)
    return time.monotonic() - start


def argument(pid):
    """What the process was started as, empty if it cannot be told."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def environment(pid):
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def await_true(question, limit=30):
    """Asks until the answer is true; the last answer after `limit` seconds."""
    end = time.monotonic() + limit
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.005)
    return answer
