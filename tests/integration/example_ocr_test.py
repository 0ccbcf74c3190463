"""Runs the commands of examples/ocr/README.md in their order, with the program that was built and on free ports.

usage: example_ocr_test.py PROGRAM
"""

import sys
import unittest

from example import Example, ExampleTest

PROGRAM = sys.argv[1]


class ReadmeTest(ExampleTest):
    def setUp(self):
        self.example = Example(PROGRAM, ["ocr"])
        self.addCleanup(self.example.close)

    def test_its_commands_do_what_it_says(self):
        start, *asks = self.example.commands()
        self.example.start(start)
        answers = [self.example.run(command) for command in asks]
        self.assertEqual(len(answers), 4)
        text, json_text, _, picture_text = answers
        self.assertIn("A channel that feeds a mill wheel", text)
        self.assertIn('"text":"Spillway"', json_text)
        self.assertIn("Spillway", picture_text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
