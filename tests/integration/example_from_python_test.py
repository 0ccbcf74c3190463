"""Runs the commands of examples/from-python/README.md in their order; puts its front.yaml before an app that answers
as before.py does; and holds the code of docs/from-python.md to the files that it shows.

usage: example_from_python_test.py PROGRAM
"""

import http.server
import json
import os
import re
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import example

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = example.ROOT / "examples/from-python"
sys.path.insert(0, str(FOLDER))


class App(http.server.BaseHTTPRequestHandler):
    """before.py without its packages."""

    def do_POST(self):
        import task  # pylint: disable=import-outside-toplevel
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            status, answer = 200, task.work(body)
        except ValueError as problem:
            status, answer = 422, json.dumps({"detail": str(problem)}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class FromPythonTest(example.ExampleTest):
    def put(self, body, query=""):
        try:
            with urllib.request.urlopen(self.example.url("/put" + query), data=body, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def test_its_commands_do_what_it_says(self):
        home = tempfile.TemporaryDirectory(prefix="headrace-home-")
        self.addCleanup(home.cleanup)
        self.example = example.Example(PROGRAM, ["from-python", "python-worker"], "/opt/put", home.name,
                                       {"HEADRACE_QUEUES_PUT_ISOLATION_ALLOW_ROOT": "true"})
        self.addCleanup(self.example.close)
        mkdir, copy, start, first, one, nothing = self.example.commands()
        self.example.run(mkdir)
        self.example.run(copy)
        self.example.start(start)
        answer = json.loads(self.example.run(first))
        self.assertEqual((answer["words"], answer["top"][0], len(answer["top"])), (5, ["the", 2], 3))
        self.assertEqual(len(json.loads(self.example.run(one))["top"]), 1)
        problem = json.loads(self.example.run(nothing))
        self.assertEqual((problem["status"], problem["detail"]), (422, "there are no words in it"))
        self.assertEqual(self.put(b"a", "?tpo=1")[0], 422)  # unknown parameters are no longer ignored

    def test_in_front_of_the_old_service_clients_get_what_they_got(self):
        app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
        threading.Thread(target=app.serve_forever, daemon=True).start()
        self.addCleanup(app.server_close)
        self.addCleanup(app.shutdown)
        self.example = example.Example(PROGRAM, ["from-python"], variables={
            "HEADRACE_QUEUES_PUT_UPSTREAM": f"http://127.0.0.1:{app.server_port}/put"})
        self.addCleanup(self.example.close)
        self.example.start("headrace serve --config examples/from-python/front.yaml")
        self.assertEqual(self.put(b"the water turns the wheel")[1]["top"][0], ["the", 2])
        self.assertEqual(self.put(b"...")[0], 422)

    def test_the_page_shows_lines_of_the_files(self):
        page = (example.ROOT / "docs/from-python.md").read_text(encoding="utf-8")
        blocks = re.findall(r"(?m)^    # (\S+\.(?:py|yaml)).*\n((?:    .*\n|\n(?=    (?!# \S+\.)))*)", page)
        self.assertEqual({name for name, _ in blocks}, {"before.py", "front.yaml", "worker.py", "headrace.yaml"})
        for name, block in blocks:
            lines = {line.split("  #")[0].strip() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()}
            for line in block.splitlines():
                line = line.split("  #")[0].strip()
                if not line.startswith(("QUEUE_SIZE=", "headrace ", "curl ")):
                    self.assertTrue(any(line in other for other in lines), f"{name} has no line '{line}'")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
