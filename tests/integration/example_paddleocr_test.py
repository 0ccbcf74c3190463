"""Runs the commands of examples/paddleocr/README.md in their order, then pictures of its own. What the README
installs is kept in HOME_FOLDER, and installed again when requirements.txt changes. Exit status 77 if the
package index cannot be reached.

usage: example_paddleocr_test.py PROGRAM HOME_FOLDER
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import example

PROGRAM = os.path.abspath(sys.argv[1])
HOME = pathlib.Path(sys.argv[2]).resolve()
SKIPPED = 77


def run_install(command, cwd):
    """Its output; ends the test if what it fetches cannot be had. A wrong hash is a failure."""
    done = subprocess.run(["sh", "-c", command], cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": example.PATH})
    if done.returncode == 0:
        return
    if re.search(r"(?i)hash", done.stderr):
        sys.exit(f"{command}: {done.stderr}")
    reason = (done.stderr.strip().splitlines() or ["no reason"])[-1]
    print(f"skipped: `{command}` cannot install the packages here: {reason}")
    sys.exit(SKIPPED)


def install(commands):
    requirements = (example.ROOT / "examples/paddleocr/requirements.txt").read_bytes()
    key = hashlib.sha256(requirements + sys.version.encode()).hexdigest()
    kept = HOME / "key"
    if kept.exists() and kept.read_text(encoding="utf-8") == key:
        return
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.parent.mkdir(parents=True, exist_ok=True)
    for command in commands:
        run_install(command, example.ROOT)
    kept.write_text(key, encoding="utf-8")


def cpu_seconds(pid):
    """What the process has used (proc(5): utime and stime)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PaddleOcrTest(example.ExampleTest):
    @classmethod
    def setUpClass(cls):
        cls.example = example.Example(PROGRAM, ["paddleocr", "python-worker"], "/opt/paddleocr", HOME,
                                      {"HEADRACE_QUEUES_PADDLEOCR_ISOLATION_ALLOW_ROOT": "true"})
        cls.addClassCleanup(cls.example.close)
        commands = cls.example.commands()
        start = next(i for i, command in enumerate(commands) if command.startswith("headrace "))
        install([cls.example.placed(command) for command in commands[:start - 1]])
        cls.example.run(commands[start - 1])  # the worker itself, as it is now
        cls.example.start(commands[start])
        cls.asks = commands[start + 1:]
        cls.pictures = tempfile.TemporaryDirectory(prefix="headrace-pictures-")
        cls.addClassCleanup(cls.pictures.cleanup)
        subprocess.run([HOME / "bin/python", example.ROOT / "tests/integration/text_pictures.py", cls.pictures.name],
                       check=True)

    def picture(self, name):
        return pathlib.Path(self.pictures.name, name).read_bytes()

    def read(self, payload, query=""):
        """The status and the body of an answer."""
        url = self.example.url("/v1/queues/paddleocr/jobs" + query)
        try:
            with urllib.request.urlopen(url, data=payload, timeout=300) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def read_json(self, name):
        status, body = self.read(self.picture(name))
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_its_commands_do_what_it_says(self):
        make, as_text, as_json = self.asks
        self.example.run(make)
        self.assertIn("CPU-heavy work behind HTTP\n", self.example.run(as_text))
        answer = json.loads(self.example.run(as_json))
        self.assertIn("CPU-heavy work behind HTTP", [line["text"] for line in answer["lines"]])

    def test_text_is_recognised(self):
        for name, expected in (("english.png", "Water turns the wheel"), ("chinese.jpg", "磨坊水渠中文识别"),
                               ("rotated.png", "Rotated by a quarter turn")):
            answer = self.read_json(name)
            self.assertEqual([line["text"] for line in answer["lines"]], [expected])
            line = answer["lines"][0]
            self.assertGreater(line["confidence"], 0.8)
            for x, y in line["box"]:
                self.assertTrue(0 <= x <= answer["width"] and 0 <= y <= answer["height"], answer)
        status, text = self.read(self.picture("english.png"), "?output=txt")
        self.assertEqual((status, text), (200, "Water turns the wheel\n"))

    def test_the_models_are_loaded_once_for_a_hundred_jobs(self):
        workers = [self.read_json("chinese.jpg")["worker"] for _ in range(100)]
        self.assertEqual({worker["pid"] for worker in workers}, {workers[0]["pid"]})
        self.assertEqual({worker["loads"] for worker in workers}, {1})
        self.assertEqual(workers[-1]["jobs"] - workers[0]["jobs"], 99)

    def test_what_is_no_picture_is_refused(self):
        for payload in (b"this is a text", self.picture("english.png")[:1000], b"\x89PNG\r\n\x1a\n" + bytes(100)):
            status, body = self.read(payload)
            self.assertEqual(status, 422, body)
            self.assertEqual(json.loads(body)["type"], "/problems/command-refused")
        self.assertEqual(self.read_json("english.png")["lines"][0]["text"], "Water turns the wheel")

    def test_a_crash_takes_one_job_and_no_other(self):
        before = self.read_json("english.png")["worker"]
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.read(self.picture("page.png"))))
        used = cpu_seconds(before["pid"])
        asking.start()
        self.await_work(before["pid"], used)
        os.kill(before["pid"], signal.SIGKILL)
        asking.join(300)
        status, body = answers[0]
        self.assertEqual(status, 502, body)
        self.assertEqual(json.loads(body)["type"], "/problems/executor-crashed")
        after = self.read_json("english.png")
        self.assertEqual(after["lines"][0]["text"], "Water turns the wheel")
        self.assertNotEqual(after["worker"]["pid"], before["pid"])
        self.assertEqual(after["worker"]["loads"], 1)

    def await_work(self, pid, before):
        """Until the worker has worked since then. That the job runs says less: it may not have read it yet."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if cpu_seconds(pid) > before + 0.1:
                return
            time.sleep(0.01)
        self.fail("the worker does nothing")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
