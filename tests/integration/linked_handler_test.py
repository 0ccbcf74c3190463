"""examples/linked-handler outside of the tree, against an installed headrace, by the commands of its README.

usage: linked_handler_test.py CMAKE BUILD_DIR EXAMPLE
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

CMAKE, BUILD, EXAMPLE = sys.argv[1:4]
PREFIX = os.path.join(BUILD, "prefix")


def commands(readme):
    """The README's command lines in order, each with the output that the lines below promise."""
    steps = []
    for line in readme.splitlines():
        if line.startswith("    # "):
            steps[-1][1].append(line[6:])
        elif line.startswith("    "):
            steps.append((line.strip(), []))
    return steps


class LinkedHandlerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", PREFIX], check=True, stdout=subprocess.DEVNULL)
        cls.dir = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="headrace-linked-"))
        cls.example = os.path.join(cls.dir, "linked-handler")
        shutil.copytree(EXAMPLE, cls.example)
        with open(os.path.join(EXAMPLE, "README.md"), encoding="utf-8") as file:
            cls.steps = commands(file.read())
        cls.environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        cls.environment.update(PREFIX=PREFIX, HEADRACE_SERVER_LISTEN="127.0.0.1:0",
                               HEADRACE_MANAGEMENT_LISTEN="127.0.0.1:0")
        cls.service = None
        for command, _ in cls.steps:
            if "curl" in command:
                continue
            if command.endswith("&"):
                cls.start(command.rstrip(" &"))
            else:
                cls.shell(command)

    @classmethod
    def tearDownClass(cls):
        if cls.service and cls.service.poll() is None:
            cls.service.kill()
            cls.service.wait()

    @classmethod
    def shell(cls, command):
        done = subprocess.run(["bash", "-c", command], cwd=cls.example, env=cls.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
        return done.stdout

    @classmethod
    def start(cls, command):
        cls.log = os.path.join(cls.dir, "log")
        with open(cls.log, "w", encoding="utf-8") as log:
            cls.service = subprocess.Popen(["bash", "-c", "exec " + command], cwd=cls.example, env=cls.environment,
                                           stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and cls.service.poll() is None:
            match = re.search(r"listening on \S+:(\d+) \(jobs\)", cls.log_text())
            if match:
                cls.port = int(match.group(1))
                return
            time.sleep(0.01)
        raise AssertionError("the example did not start:\n" + cls.log_text())

    @classmethod
    def log_text(cls):
        with open(cls.log, encoding="utf-8") as log:
            return log.read()

    def post(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data=b"", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_1_the_readmes_requests_are_answered_as_it_says(self):
        asked = 0
        for command, promised in self.steps:
            if "curl" not in command:
                continue
            output = self.shell(command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}"))
            self.assertEqual(output.splitlines(), promised, command)
            asked += 1
        self.assertGreaterEqual(asked, 3)

    def test_2_a_bad_parameter_is_refused_as_the_declaration_says(self):
        status, body = self.post("/v1/queues/primes/jobs?below=1")
        self.assertEqual(status, 422)
        self.assertIn("below must be an integer from 2 to 100000000", body)

    def test_3_a_killed_zygote_of_the_same_program_is_started_again(self):
        zygote = int(re.search(r"queue primes: zygote (\d+)", self.log_text()).group(1))
        with open(f"/proc/{zygote}/cmdline", "rb") as file:
            self.assertIn(b"\0--handler=primes\0", file.read())
        os.kill(zygote, signal.SIGKILL)
        self.assertEqual(self.post("/v1/queues/primes/jobs?below=10"), (200, "4 primes below 10\n"))

    def test_4_it_stops_like_headrace(self):
        self.service.terminate()
        self.assertEqual(self.service.wait(30), 0, self.log_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
