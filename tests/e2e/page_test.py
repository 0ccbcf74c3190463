"""Somebody opens GET / in a browser, chooses a PDF, gets its pages and sees the queues.

usage: page_test.py PROGRAM DATA_FOLDER
"""

import os
import sys
import time
import unittest
import zipfile

from browser import Browser
from service import Service

PROGRAM, DATA = sys.argv[1:3]
SAMPLE = os.path.abspath(os.path.join(DATA, "sample.pdf"))
QUEUES = """
  pdf-to-image: {handler: pdf-to-image}
  simulate: {handler: simulate, workers: 1, capacity: 10, isolation: {mode: thread}}
"""


def wait_for(condition, what):
    """The condition's first true value within 60 s."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(what)


class PageTest(unittest.TestCase):
    def setUp(self):
        self.service = self.enterContext(Service(PROGRAM, QUEUES))
        self.browser = self.enterContext(Browser())
        self.home = f"http://127.0.0.1:{self.service.port}/"
        self.browser.open(self.home)

    def test_the_page_shows_the_queues(self):
        text = self.browser.text("main")
        self.assertIn("pdf-to-image", text)
        self.assertIn("simulate", text)

    def test_one_page_of_a_chosen_pdf_is_shown_as_an_image(self):
        self.browser.type("input[type=file]", SAMPLE)
        self.browser.type("input[name=pages]", "1")
        self.browser.click("button[type=submit]")
        wait_for(lambda: self.browser.url().endswith("/jobs"), "the form was not sent")
        width = wait_for(lambda: self.browser.property("img", "naturalWidth"), "no image is shown")
        self.assertGreater(width, 100)

    def test_several_pages_are_downloaded_as_a_zip(self):
        self.browser.type("input[type=file]", SAMPLE)
        self.browser.click("button[type=submit]")
        name = wait_for(lambda: next((n for n in os.listdir(self.browser.downloads) if n.endswith(".zip")), None),
                        "no zip was downloaded")
        with zipfile.ZipFile(os.path.join(self.browser.downloads, name)) as pages:
            self.assertIsNone(pages.testzip())
            self.assertEqual(pages.namelist()[0], "page-0001.png")
            self.assertGreater(len(pages.namelist()), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
