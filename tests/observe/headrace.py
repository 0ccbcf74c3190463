"""The real service on fixed ports, and what its clients send."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=60, pause=0.05):
    """The first true value of `what()`; None if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(pause)
    return None


class Headrace:
    """A context manager. `queues` are lines below `queues:`; `sections` are whole sections beside those for the
    listeners and the log; `server` are more keys of that section. `{dir}` in them is the service's own folder.
    `command` is put before the program's own; `popen` are further arguments for Popen."""

    def __init__(self, program, queues, sections="", server="", log="level: info", command=(), **popen):
        self._folder = tempfile.TemporaryDirectory(prefix="headrace-observe-")
        self.dir = Path(self._folder.name)
        self.port, self.management = free_port(), free_port()
        self.log = self.dir / "log"
        self._argv = [*command, program, "serve", "--config", str(self.dir / "headrace.yaml")]
        self._popen = popen
        self._text = (f"server: {{listen: '127.0.0.1:{self.port}'{', ' if server else ''}{server}}}\n"
                      f"management: {{listen: '127.0.0.1:{self.management}'}}\nlog: {{{log}}}\n"
                      f"{sections}queues:\n{queues}").replace("{dir}", str(self.dir))
        self.write_config(self._text)
        self.process = None

    def write_config(self, text=None):
        (self.dir / "headrace.yaml").write_text(text or self._text, encoding="utf-8")

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self._argv, **{"stderr": log, "env": environment, **self._popen})
        if not wait_for(self.started_or_dead) or self.process.poll() is not None:
            raise AssertionError("the service did not start:\n" + self.log.read_text(encoding="utf-8"))
        return self

    def started_or_dead(self):
        if self.process.poll() is not None:
            return True
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/startupz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def scrape(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self._folder.cleanup()

    def post(self, queue, body=b"", query="", **headers):
        """(status, body) of a job; a header's name is written with _ for -."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        target = f"/v1/queues/{queue}/jobs" + (f"?{query}" if query else "")
        return self.call("POST", target, body, fields)

    def call(self, method, target, body=None, headers=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            client.request(method, target, body, headers or {})
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()


class Load:
    """Clients that post a job again as soon as the last one is answered, until `stop`."""

    def __init__(self, clients, send, pause=0.05):
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(send, pause), daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, send, pause):
        while not self._over.wait(pause):
            try:
                send()
            except (OSError, http.client.HTTPException):
                pass  # the service was stopped, or hung up on purpose

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()
