"""Runs the commands of examples/ocr/README.md in their order, with the program that was built and on free ports.

usage: example_ocr_test.py PROGRAM
"""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PROGRAM = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
README = ROOT / "examples/ocr/README.md"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def commands():
    """The indented lines that somebody would type, in their order; continued lines joined."""
    text = README.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if re.match(r"    (headrace|curl) ", line)]


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="headrace-example-")
        (pathlib.Path(self.folder.name) / "tests").symlink_to(ROOT / "tests")
        (pathlib.Path(self.folder.name) / "examples").symlink_to(ROOT / "examples")
        self.port, self.management = free_ports(2)
        self.service = None

    def tearDown(self):
        if self.service:
            self.service.terminate()
            self.service.wait(30)
        self.folder.cleanup()

    def start(self, command):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        environment["HEADRACE_SERVER_LISTEN"] = f"127.0.0.1:{self.port}"
        environment["HEADRACE_MANAGEMENT_LISTEN"] = f"127.0.0.1:{self.management}"
        words = command.split()
        self.service = subprocess.Popen([PROGRAM, *words[1:]], cwd=self.folder.name, env=environment)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.assertIsNone(self.service.poll(), "the service ended")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.management}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        self.fail("the service is not ready after 30 s")

    def ask(self, command):
        command = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace("curl ", "curl -sS --fail ", 1)
        done = subprocess.run(["sh", "-c", command], cwd=self.folder.name, capture_output=True, text=True, timeout=90,
                              check=False)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr}")
        return done.stdout

    def test_its_commands_do_what_it_says(self):
        start, *asks = commands()
        self.start(start)
        answers = [self.ask(command) for command in asks]
        self.assertEqual(len(answers), 4)
        text, json_text, _, picture_text = answers
        self.assertIn("A channel that feeds a mill wheel", text)
        self.assertIn('"text":"Spillway"', json_text)
        self.assertIn("Spillway", picture_text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
