"""What the tests of examples share: a README's commands, run in their order with the program that was built,
on free ports and in a folder of the test's own."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# The system's own programs: a Python in somebody's home is nothing that a confined program may read.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def own_environment():
    """Ours, without what the service would take for its settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}


class Example:
    """A copy of `folders` of examples/ in which `home`, the folder that the README installs to, is another
    one. `variables` are the service's settings beside its addresses. To be closed."""

    def __init__(self, program, folders, home="", stand_in="", variables=()):
        self.program = program
        self.home = home
        self.stand_in = str(stand_in)
        self.variables = variables
        self.folder = tempfile.TemporaryDirectory(prefix="headrace-example-")
        path = pathlib.Path(self.folder.name)
        for name in ("tests", "README.md"):
            (path / name).symlink_to(ROOT / name)
        for folder in folders:
            shutil.copytree(ROOT / "examples" / folder, path / "examples" / folder)
        self.readme = path / "examples" / folders[0] / "README.md"
        config = path / "examples" / folders[0] / "headrace.yaml"
        config.write_text(self.placed(config.read_text(encoding="utf-8")), encoding="utf-8")
        self.port, self.management = free_ports(2)
        self.service = None
        self.log = path / "log"

    def close(self):
        if self.service:
            self.service.terminate()
            self.service.wait(60)
        self.folder.cleanup()

    def placed(self, text):
        return text.replace(self.home, self.stand_in) if self.home else text

    def commands(self):
        """The indented lines that somebody would type, in their order; continued lines joined."""
        text = self.readme.read_text(encoding="utf-8").replace("\\\n", " ")
        programs = "headrace |curl |python3 |mkdir |cp |kill |printf " + (f"|{re.escape(self.home)}" if self.home else "")
        return [line.strip() for line in text.splitlines() if re.match(f"    ({programs})", line)]

    def start(self, command):
        environment = own_environment()
        environment["HEADRACE_SERVER_LISTEN"] = f"127.0.0.1:{self.port}"
        environment["HEADRACE_MANAGEMENT_LISTEN"] = f"127.0.0.1:{self.management}"
        environment.update(self.variables, PATH=PATH)
        with open(self.log, "w", encoding="utf-8") as log:
            self.service = subprocess.Popen([self.program, *command.split()[1:]], cwd=self.folder.name,
                                            env=environment, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.service.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the service is not ready:\n" + self.log_text())

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def run(self, command, timeout=120):
        """Its standard output. For curl an answer of 400 and above is one as well."""
        command = self.placed(command).replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        command = command.replace("curl ", "curl -sS ")
        done = subprocess.run(["sh", "-c", command], cwd=self.folder.name, capture_output=True, timeout=timeout,
                              env={**os.environ, "PATH": PATH}, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}\n{done.stderr.decode()}\n{self.log_text() if self.service else ''}")
        return done.stdout.decode()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


class ExampleTest(unittest.TestCase):
    """Shows the service's log where a test fails."""

    example = None

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.example and self.example.service:
            print(self.example.log_text()[-8000:])
