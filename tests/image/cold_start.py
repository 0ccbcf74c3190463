"""From `docker run` to the first /readyz that is 200: cold_start.py IMAGE. Printed, not judged: a busy machine is slow.

The engine's own part, until it has started the process, is told apart: it is another one on each machine.
"""

import os
import re
import sys
import threading
import time
from datetime import datetime

from container import SLOW, Container

TIMES = 7


def seconds(stamp):
    """Docker's stamps have nanoseconds, which Python does not read."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", stamp)).timestamp()


def start(image):
    """Seconds: all, and the engine's part."""
    container = Container(image, wait=False)
    ready = threading.Event()
    at = []

    def watch():
        while not ready.is_set():
            if container.is_ready():
                at.append(time.time())
                return
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with container:
            watcher.join(20 * SLOW)
            if not at:
                raise SystemExit(f"cold_start: not ready after {20 * SLOW} s: {container.logs()}")
            return at[0] - container.begun, seconds(container.inspect("{{.State.StartedAt}}")) - container.begun
    finally:
        ready.set()


def main():
    starts = sorted(start(sys.argv[1]) for _ in range(TIMES))
    best, engine = starts[0]
    print(f"ready {best * 1000:.0f} ms after docker run at best, {starts[TIMES // 2][0] * 1000:.0f} ms in the median of {TIMES}; "
          f"of the best {engine * 1000:.0f} ms are the engine's until the process had started; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
