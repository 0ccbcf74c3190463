"""The real program as a child of a test, on free ports."""

import os
import re
import subprocess
import tempfile
import time


class Service:
    """`queues` is the YAML below `queues:`. A context manager; leaving it stops the program."""

    def __init__(self, program, queues):
        self.dir = tempfile.TemporaryDirectory(prefix="headrace-e2e-")
        config = os.path.join(self.dir.name, "headrace.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("server: {listen: '127.0.0.1:0'}\nmanagement: {listen: '127.0.0.1:0'}\nqueues:\n" + queues)
        self.log = os.path.join(self.dir.name, "log")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "serve", "--config", config], stderr=log, env=environment)
        self.port, self.management_port = self._await_ports()

    def _await_ports(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            match = re.search(r"listening on \S+:(\d+) \(jobs\) and \S+:(\d+)", self.log_text())
            if match:
                return int(match.group(1)), int(match.group(2))
            time.sleep(0.01)
        raise AssertionError("the service did not start:\n" + self.log_text())

    def log_text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.dir.cleanup()
