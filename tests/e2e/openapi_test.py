"""The service is held to its own OpenAPI document: the document is valid, and schemathesis, which makes requests from
it, finds no answer that the document does not have, no malformed request that is taken, no sound one that is refused.
Four queues, one of each kind: simulate, PDFs, a program, an app; the service asks for keys, so that there are lists.

What it takes is installed into HOME_FOLDER and kept there. Exit status 77 if the package index cannot be reached.
With --seconds it goes on so long (scripts/prove_openapi).

usage: openapi_test.py PROGRAM HOME_FOLDER DATA_FOLDER [--seconds N] [--seed N]
"""

import argparse
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from service import Service

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pinned  # pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent / "openapi"
EXAMPLES = 8  # of each operation and phase, where no time is given
SEED = 1

QUEUES = """
  simulate:
    {{handler: simulate, workers: 2, capacity: 16, isolation: {{mode: thread}}, path: /put,
      deadline: 300ms, run_timeout: 300ms, async_deadline: 1s, result_ttl: 1h}}
  pdf-to-image: {{handler: pdf-to-image, workers: 1, capacity: 16, deadline: 10s, result_ttl: 1h}}
  program:
    handler: command
    command: [cat, "{{input}}"]
    output_type: text/plain
    capacity: 16
    deadline: 10s
    result_ttl: 1h
    isolation: {{allow_root: true}}
    params:
      count: {{type: integer, minimum: 1, maximum: 10, description: how often}}
      ratio: {{type: number, minimum: 0, maximum: 1, default: 0.5}}
      loud: {{type: boolean, default: false}}
      colour: {{type: choice, choices: [red, green], default: red}}
      note: {{type: text, max_length: 20}}
      token: {{type: text, max_length: 20, secret: true}}
  app: {{handler: http, upstream: "http://127.0.0.1:{port}/", workers: 2, capacity: 16, deadline: 5s, result_ttl: 1h}}
auth: {{mode: keys, file: {keys}}}
"""
KEY = "a-key-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {KEY}"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("home", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("data", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


ARGUMENTS = arguments()


class App(http.server.BaseHTTPRequestHandler):
    """Tells how many bytes it got."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        got = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        answer = json.dumps({"bytes": got}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class OpenApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
        cls.addClassCleanup(app.server_close)
        cls.addClassCleanup(app.shutdown)
        threading.Thread(target=app.serve_forever, daemon=True).start()
        keys = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()), "keys")
        keys.write_text(f"tenant {hashlib.sha256(KEY.encode()).hexdigest()}\n", encoding="utf-8")
        queues = QUEUES.format(port=app.server_port, keys=keys)
        cls.service = cls.enterClassContext(Service(ARGUMENTS.program, queues))
        cls.url = f"http://127.0.0.1:{cls.service.port}/openapi.json"
        with urllib.request.urlopen(urllib.request.Request(cls.url, headers=BEARER), timeout=10) as answer:
            cls.document = answer.read()

    def done_jobs(self):
        """[id, name of a part] of kept jobs that have succeeded."""
        work = {"simulate/jobs?ms=0": b"", "program/jobs": b"text", "app/jobs": b"text",
                "pdf-to-image/jobs?dpi=20": (ARGUMENTS.data / "sample.pdf").read_bytes()}
        jobs = []
        for place, payload in work.items():
            base = self.url.removesuffix("/openapi.json")
            headers = {"Prefer": "wait=20", "Content-Type": "application/octet-stream", **BEARER}
            request = urllib.request.Request(f"{base}/v1/queues/{place}", payload, headers, method="POST")
            with urllib.request.urlopen(request, timeout=30) as answer:
                job = answer.headers["Job-Id"]
            status = urllib.request.Request(f"{base}/v1/jobs/{job}", headers=BEARER)
            with urllib.request.urlopen(status, timeout=30) as answer:
                jobs.append([job, json.load(answer)["parts"][0]["name"]])
        return jobs

    def run_tool(self, name, *words, folder, **environment):
        """Its exit status and what it said."""
        done = subprocess.run([ARGUMENTS.home / "bin" / name, *words], cwd=folder, text=True, check=False,
                              env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def test_a_the_document_is_one(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "openapi.json")
            path.write_bytes(self.document)
            status, said = self.run_tool("openapi-spec-validator", path, folder=folder)
        self.assertEqual(status, 0, said)

    def test_b_the_service_does_what_it_says(self):
        began = time.monotonic()
        bound = ["--max-time", str(ARGUMENTS.seconds)] if ARGUMENTS.seconds else ["--max-examples", str(EXAMPLES)]
        with tempfile.TemporaryDirectory() as folder:
            figures = pathlib.Path(folder, "figures.json")
            status, said = self.run_tool(
                "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", self.url, "--no-color",
                "--seed", str(ARGUMENTS.seed), "--header", f"Authorization: Bearer {KEY}", *bound, folder=folder,
                SCHEMATHESIS_HOOKS=str(HERE / "hooks.py"), HEADRACE_FIGURES=str(figures),
                HEADRACE_DONE=json.dumps(self.done_jobs()),
                HEADRACE_SAMPLE_PDF=str(ARGUMENTS.data / "sample.pdf"))
            self.assertEqual(status, 0, said)
            counts = json.loads(figures.read_text(encoding="utf-8"))
        requests = sum(count for answer, count in counts.items() if not answer.startswith("left out"))
        print(f"{requests} requests in {time.monotonic() - began:.0f} s, seed {ARGUMENTS.seed}, no finding")
        for answer, count in counts.items():
            print(f"{count:8} {answer}")
        self.expect_success_of_every_operation(counts)
        self.assertIsNone(self.service.process.poll(), self.service.log_text())

    def expect_success_of_every_operation(self, counts):
        """A check is worth nothing where all that was sent was refused."""
        done = {"GET /openapi.json"}  # where all began
        done |= {answer.rsplit(" ", 1)[0] for answer in counts if answer.rsplit(" ", 1)[1].startswith("2")}
        paths = json.loads(self.document)["paths"]
        asked = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
        self.assertEqual(asked - done, set())


if __name__ == "__main__":
    pinned.install(ARGUMENTS.home, (HERE / "requirements.txt").read_text(encoding="utf-8"))
    unittest.main(argv=sys.argv[:1], verbosity=2)
