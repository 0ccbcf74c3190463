"""Rolling updates of two containers behind HAProxy, which asks /readyz: no request fails.

What a Deployment does with maxSurge 1 and maxUnavailable 0, by hand: a new container starts and is ready, then an old
one is stopped. HAProxy tries nothing again. The control: a container that is killed makes requests fail.
"""

import argparse
import csv
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from load import Load
from processes import Broken, Processes, wait_for

HAPROXY = """
global
  stats socket {folder}/haproxy.sock
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  default_backend headrace
backend headrace
  balance leastconn
  option httpchk GET /readyz
  default-server check inter 500ms fall 1 rise 1
{servers}
"""
CONFIG = """
shutdown: {{delay: {delay}s, drain: 25s}}
log: {{level: warn}}
queues:
  pdf-to-image: {{handler: pdf-to-image, workers: 2, capacity: 64, deadline: 60s}}
"""
LIMITS = ["--read-only", "--user", "65532:65532", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
REPLICAS = 2


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


class Seat:
    """A server line of HAProxy with its two ports, and the container that sits there, if any."""

    def __init__(self, name, folder, image, ports):
        self.name, self._folder, self._image = name, folder, image
        self.port, self.management = ports
        self.container = None

    def line(self):
        return f"  server {self.name} 127.0.0.1:{self.port} port {self.management}"

    def start(self):
        self.container = docker(
            "run", "--detach", *LIMITS, "--network", "host", "--memory", "1g", "--stop-timeout", "60",
            "--env", f"HEADRACE_SERVER_LISTEN=127.0.0.1:{self.port}",
            "--env", f"HEADRACE_MANAGEMENT_LISTEN=127.0.0.1:{self.management}",
            "--volume", f"{self._folder}/headrace.yaml:/etc/headrace/headrace.yaml:ro", self._image)

    def stop(self):
        """As Kubernetes ends a pod: SIGTERM, and time to drain. The service says by its code whether a job was cut."""
        docker("stop", self.container)
        code = docker("inspect", "--format", "{{.State.ExitCode}}", self.container)
        if code != "0":
            raise Broken(f"the container ended with {code}:\n{docker('logs', self.container)}")
        self.remove()

    def kill(self):
        docker("kill", self.container)
        self.remove()

    def remove(self):
        if self.container:
            subprocess.run(["docker", "rm", "--force", self.container], capture_output=True)
            self.container = None


class Proxied:
    """Two containers, a seat for a third, and HAProxy in front; use as a context manager."""

    def __init__(self, image, delay):
        self._image, self._delay = image, delay
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self.seats = []

    def __enter__(self):
        self.folder.chmod(0o755)
        config = self.folder / "headrace.yaml"
        config.write_text(CONFIG.format(delay=self._delay))
        config.chmod(0o644)
        self.port, *ports = free_ports(1 + 2 * (REPLICAS + 1))
        self.seats = [Seat(f"seat{number}", self.folder, self._image, ports[2 * number:2 * number + 2])
                      for number in range(REPLICAS + 1)]
        proxy = self.folder / "haproxy.cfg"
        proxy.write_text(HAPROXY.format(folder=self.folder, port=self.port,
                                        servers="\n".join(seat.line() for seat in self.seats)))
        self._processes = Processes(self.folder / "logs")
        try:
            for seat in self.seats[:REPLICAS]:
                seat.start()
            self._processes.start("haproxy", ["haproxy", "-f", proxy, "-db"])
            for seat in self.seats[:REPLICAS]:
                self.wait_up(seat)
            wait_for("the empty seat", lambda: self._state(self.seats[REPLICAS])[0] == "DOWN")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._processes.stop()
        for seat in self.seats:
            seat.remove()
        self._temporary.cleanup()

    def wait_up(self, seat):
        """Until HAProxy has asked it, and sends requests to it."""
        wait_for(f"{seat.name} behind HAProxy", lambda: self._state(seat) == ("UP", "L7OK"))

    def _state(self, seat):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.folder / "haproxy.sock"))
            control.sendall(b"show stat\n")
            rows = csv.DictReader(control.makefile().read().removeprefix("# ").splitlines())
        return next((row["status"], row["check_status"]) for row in rows if row["svname"] == seat.name)

    def update(self):
        """Every container is replaced by a new one."""
        for _ in range(REPLICAS):
            old, new = self.seats[0], self.seats[REPLICAS]
            new.start()
            self.wait_up(new)
            old.stop()
            self.seats = self.seats[1:] + [old]


def under_load(proxied, what, change, seconds_after=1):
    """-> the load's failures while `change` ran."""
    with Load("127.0.0.1", proxied.port) as load:
        wait_for("the load", lambda: load.total() > 20)
        start = time.monotonic()
        change()
        time.sleep(seconds_after)  # a failure that comes late is a failure
    print(f"rolling: {what}, {time.monotonic() - start:.1f} s: {load.summary()}", flush=True)
    return load.failures


def replace_one(proxied):
    proxied.seats[0].stop()
    proxied.seats[0].start()
    proxied.wait_up(proxied.seats[0])


def kill_one(proxied):
    proxied.seats[0].kill()
    proxied.seats[0].start()
    proxied.wait_up(proxied.seats[0])


def prove(options):
    with Proxied(options.image, options.delay) as proxied:
        missed = []
        for number in range(1, options.updates + 1):
            missed += under_load(proxied, f"update {number}", proxied.update)
        missed += under_load(proxied, "one deleted and made anew", lambda: replace_one(proxied))
        if not under_load(proxied, "control, one killed", lambda: kill_one(proxied)):
            raise Broken("a killed container made no request fail: this proof sees nothing")
        if missed:
            raise Broken(f"{len(missed)} requests failed: {missed[:5]}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove_rolling", description=__doc__)
    parser.add_argument("--image", default="headrace")
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--delay", type=int, default=3, help="shutdown.delay in seconds")
    try:
        prove(parser.parse_args())
    except Broken as error:
        sys.exit(f"rolling: MISSED: {error}")
    print("rolling: holds")


if __name__ == "__main__":
    main()
