"""Runs the commands of examples/python-worker/README.md in their order, and the exchange of bytes in
docs/handlers.md with the module that the README offers.

usage: example_python_worker_test.py PROGRAM
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import example

PROGRAM = os.path.abspath(sys.argv[1])

COUNTER = """
import headrace_worker

def handle(job):
    if not job.payload:
        raise headrace_worker.BadPayload("empty")
    job.progress(1, 1)
    job.add_part("n.txt", "text/plain", str(len(bytes(job.payload).split())))

headrace_worker.run(handle)
"""


class ReadmeTest(example.ExampleTest):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="headrace-home-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.example = example.Example(PROGRAM, ["python-worker"], "/opt/language", cls.home.name,
                                      {"HEADRACE_QUEUES_LANGUAGE_ISOLATION_ALLOW_ROOT": "true"})
        cls.addClassCleanup(cls.example.close)
        commands = cls.example.commands()
        start = next(i for i, command in enumerate(commands) if command.startswith("headrace "))
        for command in commands[:start]:
            cls.example.run(command)
        cls.example.start(commands[start])
        cls.asks = commands[start + 1:]

    def ask(self, text, query=""):
        """The answer and its status."""
        url = self.example.url("/v1/queues/language/jobs" + query)
        try:
            with urllib.request.urlopen(url, data=text.encode(), timeout=60) as answer:
                return json.load(answer), answer.status
        except urllib.error.HTTPError as error:
            return json.load(error), error.code

    def test_its_commands_do_what_it_says(self):
        german, english, broken, unknown, kill, french = self.asks
        answer = json.loads(self.example.run(german))
        self.assertEqual(answer["language"], "de")
        self.assertEqual(len(answer["scores"]), 2)
        shown = self.example.run(english)
        readme = self.example.readme.read_text(encoding="utf-8")
        self.assertIn("    " + re.sub(r'"process": \d+', '"process": 4711', shown), readme)

        problem = json.loads(self.example.run(broken))
        self.assertEqual((problem["status"], problem["type"]), (422, "/problems/command-refused"))
        self.assertEqual(problem["detail"], "send a text in UTF-8")
        self.assertEqual(json.loads(self.example.run(unknown))["status"], 422)

        self.example.run(kill)
        answer = json.loads(self.example.run(french))
        self.assertEqual(answer["language"], "fr")

    def test_the_same_program_does_all_jobs(self):
        processes = {self.ask(f"text number {i}")[0]["process"] for i in range(50)}
        self.assertLessEqual(len(processes), 2)  # workers: 2

    def test_what_a_worker_prints_and_raises_is_logged(self):
        with tempfile.TemporaryDirectory(prefix="headrace-home-") as home:
            pathlib.Path(home, "fails.py").write_text(
                "import headrace_worker\n"
                "def handle(job):\n"
                "    print('this was printed')\n"
                "    raise headrace_worker.Retry('later') if job.params['top'] == '1' else KeyError('no such key')\n"
                "headrace_worker.run(handle)\n", encoding="utf-8")
            module = self.example.folder.name + "/examples/python-worker/headrace_worker.py"
            pathlib.Path(home, "headrace_worker.py").write_bytes(pathlib.Path(module).read_bytes())
            failing = example.Example(PROGRAM, ["python-worker"], "/opt/language/language.py", home + "/fails.py",
                                      {"HEADRACE_QUEUES_LANGUAGE_ISOLATION_ALLOW_ROOT": "true"})
            self.addCleanup(failing.close)
            config = failing.readme.parent / "headrace.yaml"
            config.write_text(config.read_text(encoding="utf-8").replace("/opt/language", home), encoding="utf-8")
            failing.start("headrace serve --config examples/python-worker/headrace.yaml")
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(failing.url("/v1/queues/language/jobs?top=2"), data=b"x", timeout=60)
            problem = json.load(caught.exception)
            self.assertEqual((problem["status"], problem["type"]), (500, "/problems/command-failed"))
            self.assertNotIn("no such key", json.dumps(problem))
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(failing.url("/v1/queues/language/jobs?top=1"), data=b"x", timeout=60)
            self.assertEqual(caught.exception.code, 503)
            self.assertIn("Retry-After", caught.exception.headers)
            self.assertEqual(json.load(caught.exception)["detail"], "later")
            failing.service.terminate()
            failing.service.wait(60)
            failing_log = failing.log_text()
            failing.service = None
        for words in ("this was printed", "Traceback", "no such key"):
            self.assertIn(words, failing_log)


class ProtocolTest(unittest.TestCase):
    def exchange(self):
        """The example of docs/handlers.md: who sends, and which bytes."""
        text = (example.ROOT / "docs/handlers.md").read_text(encoding="utf-8")
        steps = []
        for arrow, line in re.findall(r"^    (->|<-|  )  ((?:[0-9a-f]{2} ?){1,16})(?:  |$)", text, re.MULTILINE):
            if arrow != "  ":
                steps.append((arrow, b""))
            steps[-1] = (steps[-1][0], steps[-1][1] + bytes.fromhex(line))
        return steps

    def test_the_documented_exchange_happens(self):
        ours, its = socket.socketpair()
        with ours, its, tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "counter.py").write_text(COUNTER, encoding="utf-8")
            environment = {**os.environ, "HEADRACE_FD": str(its.fileno()),
                           "PYTHONPATH": str(example.ROOT / "examples/python-worker"), "PYTHONDONTWRITEBYTECODE": "1"}
            with subprocess.Popen([sys.executable, folder + "/counter.py"], env=environment,
                                  pass_fds=[its.fileno()]) as worker:
                its.close()
                ours.settimeout(60)
                steps = self.exchange()
                self.assertEqual(len(steps), 7)
                for arrow, expected in steps:
                    if arrow == "->":
                        ours.sendall(expected)
                        continue
                    received = b""
                    while len(received) < len(expected):
                        received += ours.recv(len(expected) - len(received)) or self.fail("it closed its socket")
                    self.assertEqual(received, expected)
                ours.shutdown(socket.SHUT_RDWR)
                self.assertEqual(worker.wait(60), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
