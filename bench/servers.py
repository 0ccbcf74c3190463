"""Starting, stopping and weighing the servers that the benchmarks compare."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something the benchmark needs is missing or did not work; the text says what to do."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_headrace():
    for path in (os.environ.get("HEADRACE"), ROOT / "build/release/src/app/headrace"):
        if path and Path(path).is_file():
            return Path(path)
    raise BenchError("no release build: run 'scripts/build release', or set HEADRACE to the program")


class Server:
    """A server process. Use as a context manager; `cores` pins it (taskset list, e.g. "0")."""

    def __init__(self, name, argv, url, ready_url, cores=None, env=None, cwd=None):
        self.name, self.url = name, url
        self._ready_url = ready_url
        self._argv = (["taskset", "-c", cores] if cores else []) + [str(a) for a in argv]
        # The service reads its configuration from HEADRACE_ variables too: it gets none of ours.
        own = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        self._env = {**own, **(env or {})}
        self._cwd = cwd
        self._process = None

    def __enter__(self):
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(self._argv, env=self._env, cwd=self._cwd, stdout=self._log,
                                         stderr=self._log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self._ready_url, timeout=2):
                    return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        self.__exit__()
        raise BenchError(f"{self.name} did not start:\n{self.log()}")

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-2000:]

    def cpu_seconds(self):
        """utime + stime of all the process's threads; its children are not in it."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def thread_cpu_seconds(self, name):
        """utime + stime of each of the process's threads that has this name, by thread."""
        seconds = {}
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            head, _, fields = (task / "stat").read_text().rpartition(")")
            if head.partition("(")[2] == name:
                seconds[task.name] = sum(int(field) for field in fields.split()[11:13]) / TICKS
        return seconds


def headrace(folder, workers=1, capacity=64, threads=1, cores=None, more=""):
    """The service with `simulate` alone, as a Server; its configuration, with `more` sections, is written to `folder`."""
    http, management = free_port(), free_port()
    config = Path(folder) / f"headrace-{http}.yaml"
    config.write_text(
        f'server: {{listen: "127.0.0.1:{http}", threads: {threads}}}\n'
        f'management: {{listen: "127.0.0.1:{management}"}}\n'
        f"shutdown: {{drain: 0s}}\n"  # nobody waits for what is left
        f"{more}"
        f"queues:\n"
        f"  simulate: {{handler: simulate, workers: {workers}, capacity: {capacity}, isolation: {{mode: thread}}}}\n")
    server = Server("headrace", [find_headrace(), "serve", "--config", config],
                    f"http://127.0.0.1:{http}/v1/queues/simulate/jobs",
                    f"http://127.0.0.1:{management}/readyz", cores=cores)
    server.http, server.management = http, management
    return server


def python_seed(workers=1, capacity=64, cores=None):
    """The seed's design in Python, as a Server. Its virtual environment is made at first use."""
    venv = ROOT / ".deps/bench-venv"
    requirements = ROOT / "bench/python_seed/requirements.txt"
    stamp = venv / "requirements.txt"
    if not stamp.is_file() or stamp.read_text() != requirements.read_text():
        print("installing the Python service's packages ...", flush=True)
        try:
            subprocess.run(["python3", "-m", "venv", "--clear", venv], check=True)
            subprocess.run([venv / "bin/pip", "-q", "install", "-r", requirements], check=True)
        except subprocess.CalledProcessError as error:
            raise BenchError(f"the Python service cannot be installed: {error}") from error
        stamp.write_text(requirements.read_text())
    port = free_port()
    return Server("python", [venv / "bin/uvicorn", "app:app", "--port", port, "--loop", "uvloop", "--http",
                             "httptools", "--no-access-log", "--log-level", "warning"],
                  f"http://127.0.0.1:{port}/simulate", f"http://127.0.0.1:{port}/livez", cores=cores,
                  env={"WORKERS": str(workers), "CAPACITY": str(capacity)}, cwd=ROOT / "bench/python_seed")


def wrk_argv(url, seconds, connections, cores=None):
    return (["taskset", "-c", cores] if cores else []) + [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(ROOT / "bench/noop.lua"), url]


def wrk(url, seconds, connections=64, cores=None, method="POST", prefer=None, size=0):
    """Runs wrk; returns what noop.lua reports."""
    done = subprocess.run(wrk_argv(url, seconds, connections, cores), capture_output=True, text=True,
                          check=False, env={**os.environ, "BENCH_METHOD": method, "BENCH_SIZE": str(size),
                               **({"BENCH_PREFER": prefer} if prefer else {})})
    for line in done.stdout.splitlines():
        if line.startswith("JSON "):
            return json.loads(line[5:])
    raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
