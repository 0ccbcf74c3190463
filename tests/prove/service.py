"""The service as the proofs of the edge run it: one process, its figures, and raw connections to it."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Missed(Exception):
    """A bar that was missed; the text has the figures."""


def need(good, text):
    if not good:
        raise Missed(text)


def run_proofs(script, proofs, names, options):
    """Runs those that are named, else all; exits with 0 if every bar is met."""
    missed = 0
    for name in names or proofs:
        try:
            print(f"{script}: {name}: {proofs[name](options)}", flush=True)
        except Missed as error:
            missed += 1
            print(f"{script}: {name}: MISSED: {error}", flush=True)
    sys.exit(1 if missed else 0)


def program():
    for preset in ("release", "dev"):
        path = Path(os.environ.get("HEADRACE", ROOT / f"build/{preset}/src/app/headrace"))
        if path.is_file():
            return path
    raise SystemExit("prove_edge: no build: run 'scripts/build release'")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """Use as a context manager. `server` and `memory` are lines of the configuration's sections."""

    environment = {}  # of the process, beside what all have

    def __init__(self, queues, server="", memory=""):
        self.port, self.management = free_port(), free_port()
        self._text = (f'server:\n  listen: "127.0.0.1:{self.port}"\n  threads: 4\n{server}'
                      f'management: {{listen: "127.0.0.1:{self.management}"}}\nlog: {{level: error}}\n'
                      f'{memory}queues:\n{queues}')

    def start(self):
        """Starts the process without waiting for it to be ready."""
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name) / "headrace.yaml"
        config.write_text(self._text)
        own = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        self.process = subprocess.Popen([program(), "serve", "--config", config], env={**own, **self.environment})

    def __enter__(self):
        self.start()
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/readyz", timeout=2):
                    return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit("prove_edge: the service did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def status(self, name):
        """A line of /proc/PID/status in bytes, e.g. RssAnon."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1)) * 1024

    def memory(self):
        """Bytes of the heap and of memfds, mapped or not, that the process holds."""
        return self.status("RssAnon") + self.memfd_bytes()

    def memfd_bytes(self):
        total = 0
        folder = Path(f"/proc/{self.process.pid}/fd")
        for link in folder.iterdir():
            try:
                if "memfd:" in os.readlink(link):
                    total += link.stat().st_blocks * 512
            except OSError:
                pass  # closed meanwhile
        return total

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/metrics", timeout=10) as answer:
            found = re.search(rf"^{re.escape(name)} (\S+)$", answer.read().decode(), re.M)
        return float(found.group(1)) if found else 0.0

    def connect(self, port=None):
        client = socket.create_connection(("127.0.0.1", port or self.port), timeout=30)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


def head(method, target, *fields):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *fields, "", ""]).encode()


def read_answers(client, count):
    """Statuses and bodies of as many pipelined answers with a Content-Length; fewer if the connection ended first."""
    answers, data = [], b""
    while len(answers) < count:
        start, blank, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", start, re.I) if blank else None
        size = int(length.group(1)) if length else 0
        if blank and len(rest) >= size:
            answers.append((int(start.split()[1]), rest[:size]))
            data = rest[size:]
            continue
        some = client.recv(65536)
        if not some:
            break
        data += some
    return answers


def read_answer(client):
    """Status and body of one answer with a Content-Length; (0, b"") if the connection ended first."""
    return next(iter(read_answers(client, 1)), (0, b""))


def wrk(service, target, seconds, connections=16):
    """Requests per second and p99 in microseconds of a normal load on keep-alive connections."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", ROOT / "bench/noop.lua",
                          f"http://127.0.0.1:{service.port}{target}"], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    figures = dict(re.findall(r'"(\w+)":([\d.]+)', out))
    if int(figures["status_errors"]) or int(figures["socket_errors"]):
        raise Missed(f"the normal load had errors: {figures}")
    return float(figures["requests"]) / float(figures["seconds"]), float(figures["p99_us"])
