"""Runs the commands of examples/command/README.md in their order, with the program that was built and on free ports,
and once more with programs in namespaces of their own.

usage: example_command_test.py PROGRAM
"""

import json
import os
import subprocess
import sys
import unittest

from example import Example, ExampleTest, own_environment

PROGRAM = os.path.abspath(sys.argv[1])
ROOT_IS_FINE = {"HEADRACE_QUEUES_PDF_TO_TEXT_ISOLATION_ALLOW_ROOT": "true"}
NAMESPACES = {"HEADRACE_QUEUES_PDF_TO_TEXT_ISOLATION_NAMESPACES": "required"}
CONFIG = "examples/command/headrace.yaml"


class ReadmeTest(ExampleTest):
    def follow(self, variables):
        self.example = Example(PROGRAM, ["command"], variables=variables)
        self.addCleanup(self.example.close)
        start, *asks = self.example.commands()
        self.example.start(start)
        return [self.example.run(command) for command in asks]

    def expect_what_it_says(self, answers):
        text, physical, impossible, no_pdf = answers
        self.assertIn("A channel that feeds a mill wheel", text)
        self.assertIn("What the wheel can use", text)
        self.assertIn("A channel that feeds a mill wheel", physical)
        self.assertNotIn("What the wheel can use", physical)
        problem = json.loads(impossible)
        self.assertEqual(problem["status"], 422)
        self.assertIn("reading, physical, raw", json.dumps(problem))
        problem = json.loads(no_pdf)
        self.assertEqual((problem["status"], problem["type"]), (422, "/problems/command-refused"))
        self.assertEqual(problem["detail"], "this is no PDF that pdftotext can open")

    def test_its_commands_do_what_it_says(self):
        self.expect_what_it_says(self.follow(ROOT_IS_FINE))

    def check(self, variables):
        example = Example(PROGRAM, ["command"])
        self.addCleanup(example.close)
        return subprocess.run([PROGRAM, "check", "--config", CONFIG], cwd=example.folder.name, capture_output=True,
                              env={**own_environment(), **variables}, text=True, timeout=60, check=False)

    def test_they_do_so_in_namespaces_as_well(self):
        checked = self.check({**ROOT_IS_FINE, **NAMESPACES})
        if "isolation.namespaces: required, but" in checked.stderr:
            self.skipTest(checked.stderr)
        self.expect_what_it_says(self.follow({**ROOT_IS_FINE, **NAMESPACES}))

    def test_check_says_what_is_missing(self):
        checked = self.check(ROOT_IS_FINE)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        checked = self.check({**ROOT_IS_FINE, "PATH": "/nonexistent"})
        self.assertEqual(checked.returncode, 1)
        self.assertIn("'sh' is no program that can be executed here", checked.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "it refuses root")
    def test_root_is_refused_unless_allowed(self):
        checked = self.check({})
        self.assertEqual(checked.returncode, 1)
        self.assertIn("queues.pdf-to-text.isolation.allow_root: its programs would run as root", checked.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
