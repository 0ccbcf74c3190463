#!/usr/bin/env python3
"""check_docs finds each kind of fault, and nothing in pages that have none."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("check_docs")
INDEX = {"README.md": "[all](docs/README.md)\n", "docs/README.md": "[a](a.md)\n", "docs/a.md": "# A\n"}


class CheckDocsTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def run_on(self, pages):
        """The script's exit code and output for these pages beside an index without faults."""
        for path, text in {**INDEX, **pages}.items():
            file = pathlib.Path(self.dir.name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, self.dir.name], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def assert_refused(self, pages, reason):
        code, output = self.run_on(pages)
        self.assertEqual(code, 1, output)
        self.assertIn(reason, output)

    def assert_accepted(self, pages):
        code, output = self.run_on(pages)
        self.assertEqual(code, 0, output)

    def test_links_to_pages_headings_folders_and_elsewhere_pass(self):
        self.assert_accepted({"docs/a.md": "# A\n## What it *is*, in `short`\n[b](../README.md#) [c](#what-it-is-in-short) "
                                           "[d](..) [e](https://example.com/x.md#y) ![f](f.png)\n", "docs/f.png": ""})

    def test_a_link_to_nothing_fails_with_file_and_line(self):
        self.assert_refused({"docs/a.md": "# A\n\n[b](b.md)\n"}, "docs/a.md:3: b.md: there is no such file")

    def test_an_anchor_without_its_heading_fails(self):
        self.assert_refused({"docs/a.md": "# A\n[b](#b)\n"}, "a.md has no heading with that anchor")
        self.assert_refused({"docs/a.md": "# A\n[b](README.md#b)\n"}, "README.md has no heading with that anchor")

    def test_the_second_of_two_like_headings_has_a_number(self):
        self.assert_accepted({"docs/a.md": "# A\n## B\n## B\n[b](#b-1)\n"})

    def test_code_has_no_links_and_no_headings(self):
        self.assert_accepted({"docs/a.md": "# A\n`[b](b.md)`\n\n    [b](b.md)\n\n```\n[b](b.md)\n```\n"})
        self.assert_refused({"docs/a.md": "# A\n\n    # B\n\n[b](#b)\n"}, "no heading with that anchor")

    def test_a_line_that_goes_on_with_a_paragraph_is_no_code(self):
        self.assert_refused({"docs/a.md": "# A\nsee\n    [b](b.md)\n"}, "there is no such file")

    def test_a_page_that_nothing_leads_to_fails(self):
        self.assert_refused({"docs/adr/b.md": "# B\n"}, "docs/adr/b.md: no link leads here")
        self.assert_refused({"docs/a.md": "# A\n[b](b.md)\n", "docs/b.md": "# B\n"}, "docs/README.md does not list it")

    def test_a_page_that_is_reached_over_others_passes(self):
        self.assert_accepted({"docs/a.md": "# A\n[b](adr/b.md)\n", "docs/adr/b.md": "# B\n"})

    def test_a_key_or_a_metric_that_nobody_declares_fails(self):
        lists = {"docs/README.md": "[a](a.md) [c](configuration.md) [m](metrics.md)\n",
                 "docs/configuration.md": "# C\n| `server.slots` | `auto` |\n",
                 "docs/metrics.md": "# M\n`headrace_slots`, `headrace_wait_seconds`\n"}
        self.assert_accepted({**lists, "docs/a.md": "# A\n`server.slots: 2`\n\n    rate(headrace_wait_seconds_sum[5m])\n"})
        self.assert_refused({**lists, "docs/a.md": "# A\n`server.slot`\n"}, "docs/a.md:2: server.slot is no key")
        self.assert_refused({**lists, "docs/a.md": "# A\n\n    headrace_slot\n"}, "docs/a.md:3: headrace_slot is no metric")

    def test_a_problem_that_no_page_tells_fails(self):
        pages = {"src/http/message/problem_types.cc": '    {Code::kNotFound, "no-such-cat"},\n',
                 "docs/README.md": "[a](a.md) [h](http.md)\n"}
        self.assert_refused({**pages, "docs/http.md": "# H\n| 404 | no-such-cat |\n"}, "the problem no-such-cat is told neither")
        self.assert_accepted({**pages, "docs/http.md": "# H\n| 404 `no-such-cat` | |\n"})


if __name__ == "__main__":
    unittest.main(verbosity=0)
