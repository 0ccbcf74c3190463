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

from headrace import Headrace
from names import documented_metrics, known_metrics

PROGRAM = os.path.abspath(sys.argv[1])
OURS = "isolation: {memory: 512MiB, allow_root: true}"
QUEUES = f"""\
  simulate: {{handler: simulate, workers: 1, isolation: {{mode: thread}}}}
  pdf-to-image: {{handler: pdf-to-image, workers: 1, isolation: {{memory: 512MiB}}}}
  once: {{handler: command, command: [cat], workers: 1, {OURS}}}
  upstream: {{handler: http, upstream: 'http://127.0.0.1:9/', workers: 1}}
"""
SECTIONS = "engine: {kind: sqlite, path: '{dir}/store'}\n"
TLS = "tls: {certificate: '{dir}/cert.pem', key: '{dir}/key.pem'}"


def certify(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


class MetricsTest(unittest.TestCase):
    def test_the_document_lists_what_a_service_exports(self):
        service = Headrace(PROGRAM, QUEUES, SECTIONS, server=f"slots: 2, {TLS}")
        certify(service.dir)
        with service:
            context = ssl._create_unverified_context()  # pylint: disable=protected-access
            with urllib.request.urlopen(f"https://127.0.0.1:{service.port}/v1/queues", context=context, timeout=10):
                text = service.scrape()
            exported = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
            self.assertEqual(exported - known_metrics(), set(), "exported and not documented")
            self.assertEqual(documented_metrics() - exported, set(), "documented and not exported")

    def test_every_metric_says_what_it_is(self):
        with Headrace(PROGRAM, QUEUES, server="slots: 2") as service:
            text = service.scrape()
            explained = set(re.findall(r"^# HELP (\S+) \S", text, re.M))
            self.assertEqual(set(re.findall(r"^# TYPE (\S+) ", text, re.M)), explained)
            for queue in ("simulate", "pdf-to-image", "once", "upstream"):
                self.assertIn(f'headrace_queue_deadline_seconds{{queue="{queue}"}} 60', text)
                self.assertIn(f'headrace_executors_up{{queue="{queue}"}} 1', text)
            self.assertIn("\nheadrace_ready 1", text)
            self.assertIn("\nheadrace_engine_up 1", text)
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True,
                                     check=False)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
