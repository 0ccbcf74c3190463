"""docs/metrics.md lists what a service with every kind of queue exports, and nothing else.

usage: metrics_test.py PROGRAM
"""

import os
import re
import subprocess
import ssl
import sys
import unittest
import urllib.request

from causes import READY
from headrace import Headrace, wait_for
from names import METRIC, ROOT, documented_metrics

PROGRAM = os.path.abspath(sys.argv[1])
OURS = "isolation: {memory: 512MiB, allow_root: true}"
QUEUES = f"""\
  simulate: {{handler: simulate, workers: 1, isolation: {{mode: thread}}}}
  pdf-to-image: {{handler: pdf-to-image, workers: 1, isolation: {{memory: 512MiB}}}}
  once: {{handler: command, command: [cat], workers: 1, {OURS}}}
  frames: {{handler: command, command: [sh, '{{dir}}/worker'], protocol: frames, workers: 1,
           isolation: {{memory: 512MiB, allow_root: true, readable: ['{{dir}}']}}}}
  ocr: {{handler: ocr, workers: 1, isolation: {{memory: 512MiB}}}}
  upstream: {{handler: http, upstream: 'http://127.0.0.1:9/', workers: 1}}
"""
SECTIONS = "engine: {kind: sqlite, path: '{dir}/store'}\n"
TLS = "tls: {certificate: '{dir}/cert.pem', key: '{dir}/key.pem'}"


def certify(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def listed_values():
    """(metric, label, values) wherever the document lists a label's values: `label`: one, two (why), three."""
    for line in (ROOT / "docs/metrics.md").read_text(encoding="utf-8").splitlines():
        names = METRIC.findall(line.split("|")[1]) if line.startswith("| `") else []
        plain = re.sub(r" \([^)]*\)", "", line)
        for label, values in re.findall(r"`([a-z]+)`: ([a-z_]+(?:, [a-z_]+)+)", plain):
            yield names[0], label, set(values.split(", "))


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        service = Headrace(PROGRAM, QUEUES, SECTIONS, server=f"slots: 2, {TLS}")
        (service.dir / "worker").write_text(READY, encoding="utf-8")
        certify(service.dir)
        with service:
            context = ssl._create_unverified_context()  # pylint: disable=protected-access
            with urllib.request.urlopen(f"https://127.0.0.1:{service.port}/v1/queues", context=context, timeout=10):
                pass
            # A request is counted once its answer is out, which its client may know before.
            wait_for(lambda: "headrace_http_requests_total{" in service.scrape())
            cls.text = service.scrape()
        cls.exported = set(re.findall(r"^# TYPE (\S+) ", cls.text, re.M))

    def test_the_document_lists_what_a_service_exports(self):
        self.assertEqual(self.exported - documented_metrics(), set(), "exported and not documented")
        self.assertEqual(documented_metrics() - self.exported, set(), "documented and not exported")

    def test_the_document_lists_the_values_of_labels(self):
        for name, label, values in listed_values():
            with self.subTest(name, label=label):
                seen = set(re.findall(rf'^{name}(?:_count)?{{.*?{label}="([^"]*)"', self.text, re.M))
                self.assertEqual(seen, values)

    def test_every_metric_says_what_it_is(self):
        self.assertEqual(self.exported, set(re.findall(r"^# HELP (\S+) \S", self.text, re.M)))
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.text, text=True, capture_output=True,
                                 check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_service_that_is_well_says_so(self):
        for queue in re.findall(r"^  ([a-z-]+): ", QUEUES, re.M):
            self.assertIn(f'headrace_queue_deadline_seconds{{queue="{queue}"}} 60', self.text)
            self.assertIn(f'headrace_executors_up{{queue="{queue}"}} 1', self.text)
        self.assertIn("\nheadrace_ready 1", self.text)
        self.assertIn("\nheadrace_engine_up 1", self.text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
