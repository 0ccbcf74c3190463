"""Every file of a corpus through HTTP: normal ones become pages of the right number and size, hostile ones,
all at once, end in a problem or a right answer within their deadline, and the service goes on.

usage: corpus_test.py PROGRAM CORPUS    (folders CORPUS/normal and CORPUS/hostile)
"""

import concurrent.futures
import http.client
import io
import json
import os
import re
import struct
import subprocess
import sys
import time
import unittest
import zipfile

from service import Service

PROGRAM, CORPUS = sys.argv[1:3]
DEADLINE = 30
QUEUES = f"\n  pdf-to-image: {{handler: pdf-to-image, capacity: 100, deadline: {DEADLINE}s}}\n"
JOBS = "/v1/queues/pdf-to-image/jobs"
DPI = 36


def files(kind):
    folder = os.path.join(CORPUS, kind)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pdf"))


def password_of(path):
    match = re.search(r"userpw-(\w+)\.pdf$", path)
    return match.group(1) if match else None


def post(service, path, query):
    """(status, fields, body, seconds) of the file's job."""
    with open(path, "rb") as file:
        body = file.read()
    fields = {"Content-Type": "application/pdf"}
    if password_of(path):
        fields["Headrace-Param-password"] = password_of(path)
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
    connection.request("POST", f"{JOBS}?{query}", body, fields)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.headers, data, time.monotonic() - start


def pages_of(fields, body):
    """The answer's PNGs in order."""
    if fields["Content-Type"] == "image/png":
        return [body]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return [archive.read(name) for name in archive.namelist()]


def png_size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def expected_sizes(path):
    """Crop boxes in pixels at DPI, rotated as a viewer would, by pdfinfo."""
    command = ["pdfinfo", "-box", "-f", "1", "-l", "5000", path]
    if password_of(path):
        command[1:1] = ["-upw", password_of(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True, errors="replace").stdout
    sizes = []
    for number, box in re.findall(r"Page\s+(\d+) CropBox:\s+(.+)", text):
        left, bottom, right, top = (float(word) for word in box.split())
        rotation = re.search(rf"Page\s+{number} rot:\s+(\d+)", text)
        size = (right - left) * DPI / 72, (top - bottom) * DPI / 72
        sizes.append(size[::-1] if rotation and int(rotation.group(1)) % 180 else size)
    return sizes


class CorpusTest(unittest.TestCase):
    def setUp(self):
        self.service = self.enterContext(Service(PROGRAM, QUEUES))

    def assert_right_pages(self, path, fields, body):
        pages = pages_of(fields, body)
        wanted = expected_sizes(path)
        self.assertEqual(len(pages), len(wanted))
        for number, (page, size) in enumerate(zip(pages, wanted), 1):
            for got, want in zip(png_size(page), size):
                self.assertLessEqual(abs(got - want), 1, f"page {number}: {png_size(page)}, {size} expected")

    def test_every_normal_file_becomes_pages_of_the_right_number_and_size(self):
        for path in files("normal"):
            with self.subTest(os.path.basename(path)):
                status, fields, body, _ = post(self.service, path, f"dpi={DPI}")
                self.assertEqual(status, 200, body[:500])
                self.assert_right_pages(path, fields, body)

    def test_every_normal_file_tells_its_page_count_and_its_text(self):
        for path in files("normal"):
            with self.subTest(os.path.basename(path)):
                status, fields, body, _ = post(self.service, path, "format=json")
                self.assertEqual(status, 200, body[:500])
                metadata = json.loads(body)
                self.assertEqual(metadata["page_count"], len(expected_sizes(path)))
                self.assertEqual(len(metadata["pages"]), metadata["page_count"])
                status, fields, body, _ = post(self.service, path, "format=txt&pages=1")
                self.assertEqual((status, fields["Content-Type"]), (200, "text/plain; charset=utf-8"))
                body.decode("utf-8", errors="strict")

    def test_every_hostile_file_ends_in_time_as_text_and_as_metadata(self):
        for kind in ("txt", "json"):
            paths = files("hostile")
            with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
                answers = list(pool.map(lambda path: post(self.service, path, f"format={kind}"), paths))
            for path, (status, fields, body, seconds) in zip(paths, answers):
                with self.subTest(f"{kind} of {os.path.basename(path)}"):
                    self.assertLessEqual(seconds, DEADLINE + 1)
                    self.assertIn(status, (200, 422, 502, 504), body[:500])
                    if status == 200 and kind == "json":
                        json.loads(body)
        self.assertIsNone(self.service.process.poll(), "the service ended")

    def test_every_hostile_file_ends_in_time_and_the_service_goes_on(self):
        paths = files("hostile")
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            answers = list(pool.map(lambda path: post(self.service, path, f"dpi={DPI}"), paths))
        for path, (status, fields, body, seconds) in zip(paths, answers):
            with self.subTest(os.path.basename(path)):
                self.assertLessEqual(seconds, DEADLINE + 1)
                if status == 200:
                    self.assertTrue(pages_of(fields, body))
                    continue
                self.assertIn(status, (400, 413, 422, 502, 504), body[:500])
                self.assertEqual(fields["Content-Type"], "application/problem+json")
                self.assertEqual(json.loads(body)["status"], status)
        self.assertIsNone(self.service.process.poll(), "the service ended")
        good = os.path.join(CORPUS, "normal", "text-latex.pdf")
        self.assertEqual(post(self.service, good, f"dpi={DPI}&pages=1")[0], 200)
        self.assertEqual(self.service.stop(), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
