"""The example examples/http-upstream, as somebody who reads its README runs it: every command of the
README is run as it stands there, but for the ports and the program's path.

usage: http_upstream_test.py PROGRAM EXAMPLE
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
EXAMPLE = pathlib.Path(sys.argv[2]).resolve()


def commands():
    """The README's commands: its indented lines that begin with a program's name."""
    lines = (EXAMPLE / "README.md").read_text(encoding="utf-8").splitlines()
    programs = ("python3 ", "headrace ", "curl ", "printf ", "seq ")
    return [line.strip() for line in lines if line.startswith("    ") and line.strip().startswith(programs)]


class Background:
    """A command of the README that stays; `pattern` finds what its output tells once it is up."""

    def __init__(self, command, pattern, environment, stream):
        kwargs = {stream: subprocess.PIPE}
        self.process = subprocess.Popen(command.split(), cwd=EXAMPLE, text=True,
                                        env={**os.environ, **environment}, **kwargs)
        self.output = getattr(self.process, stream)
        seen = []
        for line in self.output:
            seen.append(line)
            if match := re.search(pattern, line):
                self.port = int(match.group(1))
                return
        self.stop()
        raise AssertionError(f"{command}: {''.join(seen)}")

    def stop(self):
        self.process.terminate()
        self.output.close()
        return self.process.wait(30)


class HttpUpstreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        app, serve, cls.text, cls.refused, cls.twenty, cls.twenty_without = commands()
        cls.app = Background(f"{app} 0", r"listening on 127\.0\.0\.1:(\d+)", {}, "stdout")
        cls.addClassCleanup(cls.app.stop)
        serve = serve.replace("headrace", PROGRAM, 1)
        environment = {"HEADRACE_SERVER_LISTEN": "127.0.0.1:0", "HEADRACE_MANAGEMENT_LISTEN": "127.0.0.1:0",
                       "HEADRACE_QUEUES_WORDS_UPSTREAM": f"http://127.0.0.1:{cls.app.port}/predict"}
        cls.service = Background(serve, r"listening on 127\.0\.0\.1:(\d+) \(jobs\)", environment, "stderr")
        cls.addClassCleanup(cls.service.stop)

    def run_command(self, command):
        command = command.replace(":8080/", f":{self.service.port}/").replace(":9000/", f":{self.app.port}/")
        return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True).stdout

    def test_a_text_is_answered_as_the_readme_says(self):
        readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
        self.assertIn("    " + self.run_command(self.text), readme)

    def test_what_the_app_refuses_its_client_reads(self):
        problem = json.loads(self.run_command(self.refused))
        self.assertEqual(problem["type"], "/problems/upstream-rejected")
        self.assertEqual(problem["status"], 422)
        self.assertIn("send a text in UTF-8", problem["detail"])

    def test_twenty_at_once_are_all_answered(self):
        answers = self.run_command(self.twenty).splitlines()
        self.assertEqual([json.loads(answer)["words"] for answer in answers], [2] * 20)

    def test_without_headrace_the_app_fails_for_some(self):
        self.assertIn("more requests at once", self.run_command(self.twenty_without))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
