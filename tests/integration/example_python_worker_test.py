"""Runs the commands of examples/python-worker/README.md in their order, the exchange of bytes in
docs/handlers.md with the module that the README offers, and a worker of the test's own.

usage: example_python_worker_test.py PROGRAM
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
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


# What its payload says.
WORKER = """
import os, time
import headrace_worker

def handle(job):
    what = bytes(job.payload[:4])
    if what == b"pid":
        job.add_part("pid", "text/plain", str(os.getpid()))
    if what == b"echo":
        job.add_part("echo", "application/octet-stream", job.payload)
    if what == b"erro":
        print("this was printed")
        raise KeyError("no such key")
    if what == b"retr":
        raise headrace_worker.Retry("later")
    if what == b"refu":
        raise headrace_worker.BadPayload("no")
    if what == b"exit":
        os._exit(3)
    if what == b"wait":
        time.sleep(3600)

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
        if answer.get("status") == 502:  # it was given to the worker that was just about to die
            answer = json.loads(self.example.run(french))
        self.assertEqual(answer.get("language"), "fr", answer)

    def test_the_same_program_does_all_jobs(self):
        processes = {self.ask(f"text number {i}")[0]["process"] for i in range(50)}
        self.assertLessEqual(len(processes), 2)  # workers: 2


class OwnWorkerTest(example.ExampleTest):
    """The README's service with another worker, which does what its payload says."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="headrace-home-")
        cls.addClassCleanup(cls.home.cleanup)
        home = pathlib.Path(cls.home.name)
        (home / "language.py").write_text(WORKER, encoding="utf-8")
        shutil.copy(example.ROOT / "examples/python-worker/headrace_worker.py", home)
        cls.example = example.Example(PROGRAM, ["python-worker"], "/opt/language", home,
                                      {"HEADRACE_QUEUES_LANGUAGE_ISOLATION_ALLOW_ROOT": "true",
                                       "HEADRACE_QUEUES_LANGUAGE_WORKERS": "1"})
        cls.addClassCleanup(cls.example.close)
        cls.example.start("headrace serve --config examples/python-worker/headrace.yaml")

    def ask(self, payload, **headers):
        """The status, the headers and the body of the answer."""
        request = urllib.request.Request(self.example.url("/v1/queues/language/jobs"), payload, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def expect_problem(self, answer, status, kind):
        problem = json.loads(answer[2])
        self.assertEqual((answer[0], problem["type"]), (status, "/problems/" + kind), problem)
        return problem

    def pid(self):
        return int(self.ask(b"pid")[2])

    def await_true(self, what, condition):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.01)
        self.fail(what)

    def running(self):
        with urllib.request.urlopen(self.example.url("/v1/queues/language"), timeout=60) as answer:
            return json.load(answer)["running"]

    def test_what_it_raises_becomes_the_answer(self):
        before = self.pid()
        problem = self.expect_problem(self.ask(b"error"), 500, "command-failed")
        self.assertNotIn("no such key", json.dumps(problem))
        answer = self.ask(b"retry")
        self.assertEqual(self.expect_problem(answer, 503, "command-unavailable")["detail"], "later")
        self.assertIn("Retry-After", answer[1])
        self.assertEqual(self.expect_problem(self.ask(b"refuse"), 422, "command-refused")["detail"], "no")
        self.assertEqual(self.pid(), before)

    def test_what_it_prints_is_logged_with_the_job(self):
        job = self.ask(b"error")[1]["Job-Id"]

        def is_logged(words):
            return any(words in line and job in line for line in self.example.log_text().splitlines())

        # The log is written by a thread of its own.
        for words in ("this was printed", "Traceback", "no such key"):
            self.await_true(f"'{words}' is not logged", lambda words=words: is_logged(words))

    def test_what_is_long_arrives_whole(self):
        payload = b"echo" + os.urandom(20_000_000)
        status, _, body = self.ask(payload)
        self.assertEqual(status, 200)
        self.assertTrue(body == payload)

    def test_a_worker_that_ends_takes_one_job_with_it(self):
        before = self.pid()
        self.expect_problem(self.ask(b"exit"), 502, "executor-crashed")
        self.assertNotEqual(self.pid(), before)

    def test_a_client_that_leaves_ends_its_worker_and_no_more(self):
        before = self.pid()
        client = socket.create_connection(("127.0.0.1", self.example.port))
        client.sendall(b"POST /v1/queues/language/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwait")
        self.await_true("the job does not run", lambda: self.running() == 1)
        client.close()
        self.await_true("the worker goes on", lambda: not pathlib.Path(f"/proc/{before}").exists())
        self.assertNotEqual(self.pid(), before)

    def test_a_deadline_ends_its_worker(self):
        before = self.pid()
        self.expect_problem(self.ask(b"wait", **{"Request-Timeout": "1"}), 504, "deadline")
        self.await_true("the worker goes on", lambda: not pathlib.Path(f"/proc/{before}").exists())
        self.assertNotEqual(self.pid(), before)

    def test_the_stop_of_the_service_leaves_nothing(self):
        scratch = self.home.name + "/other-scratch"
        os.mkdir(scratch)
        other = example.Example(PROGRAM, ["python-worker"], "/opt/language", self.home.name,
                                {**self.example.variables, "HEADRACE_MEMORY_SPOOL_DIR": scratch})
        self.addCleanup(other.close)
        other.start("headrace serve --config examples/python-worker/headrace.yaml")
        with urllib.request.urlopen(other.url("/v1/queues/language/jobs"), b"pid", timeout=60) as answer:
            worker = int(answer.read())
        self.assertEqual(len(os.listdir(scratch)), 1)
        other.service.terminate()
        self.assertEqual(other.service.wait(60), 0)
        self.assertFalse(pathlib.Path(f"/proc/{worker}").exists())
        self.assertEqual(os.listdir(scratch), [])


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
