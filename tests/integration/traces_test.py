"""A collector that reads spans with the protocol's own classes for Python, which are installed into
HOME_FOLDER and kept there. Exit status 77 if the package index cannot be reached.

usage: traces_test.py HEADRACE_PROGRAM HOME_FOLDER
"""

import base64
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pinned  # pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
HOME = pathlib.Path(sys.argv[2]).resolve()
REQUIREMENT = """\
opentelemetry-proto==1.45.2 --hash=sha256:03a7ca1b43f89fd5b965d5975902bb2515c0c86e2428b456836e9a6149c6235a
protobuf==7.36.2 --hash=sha256:89f23aa53c24553a2416fd4fd1ec06f74fa42b14b546d8883128813f775bbfd2 \
--hash=sha256:e11e1f0180583a2af89db6a2ecd9e8dc40aa6d2988ca175bfd0e6d12ea72d74e
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
CLIENT = "b7ad6b7169203331"
CONFIG = """
server: {{listen: "127.0.0.1:0"}}
management: {{listen: "127.0.0.1:0"}}
tracing: {{endpoint: "http://127.0.0.1:{port}", interval: 1h, service_name: mill}}
queues:
  simulate: {{handler: simulate, workers: 1, isolation: {{mode: thread}}}}
  fail: {{handler: command, command: ["false"], workers: 1, isolation: {{allow_root: true}}}}
"""


def with_base64_ids(value):
    """OTLP's JSON has ids in hexadecimal digits, where protobuf's has all bytes in base64."""
    if isinstance(value, list):
        return [with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64encode(bytes.fromhex(item)).decode() if name in ("traceId", "spanId", "parentSpanId")
                  else with_base64_ids(item)
            for name, item in value.items()}


class Collector(http.server.BaseHTTPRequestHandler):
    requests = []

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path, self.headers["Content-Type"], body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Traces(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def spans_of(self, path, headers):
        """What the collector has got once the service has answered one request and stopped."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config:
            config.write(CONFIG.format(port=self.server.server_port))
            config.flush()
            own = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
            with subprocess.Popen([PROGRAM, "serve", "--config", config.name], env=own, stderr=subprocess.PIPE,
                                  text=True) as service:
                for line in service.stderr:
                    if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                        break
                connection = http.client.HTTPConnection("127.0.0.1", int(found.group(1)), timeout=60)
                connection.request("POST", path, b"x", headers)
                answer = connection.getresponse()
                answer.read()
                connection.close()
                service.send_signal(signal.SIGTERM)
                service.stderr.read()
                self.assertEqual(service.wait(60), 0)
        return answer, Collector.requests.pop()

    def test_are_read_by_the_protocols_own_classes(self):
        from google.protobuf import json_format  # pylint: disable=import-outside-toplevel
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service  # pylint: disable=import-outside-toplevel
        from opentelemetry.proto.trace.v1 import trace_pb2 as trace  # pylint: disable=import-outside-toplevel
        answer, (path, media_type, body) = self.spans_of(
            "/v1/queues/simulate/jobs?ms=5",
            {"traceparent": f"00-{TRACE}-{CLIENT}-01", "tracestate": "a=1"})
        self.assertEqual((answer.status, path, media_type), (200, "/v1/traces", "application/json"))
        request = service.ExportTraceServiceRequest()
        json_format.ParseDict(with_base64_ids(json.loads(body)), request, ignore_unknown_fields=False)
        resource, = request.resource_spans
        about = {item.key: item.value for item in resource.resource.attributes}
        self.assertEqual(about["service.name"].string_value, "mill")
        self.assertGreater(about["process.pid"].int_value, 0)
        scope, = resource.scope_spans
        self.assertEqual(scope.scope.name, "headrace")
        spans = {span.name: span for span in scope.spans}
        self.assertEqual(set(spans), {"POST /v1/queues/{queue}/jobs", "headrace.queue wait", "headrace.job run"})
        outer = spans["POST /v1/queues/{queue}/jobs"]
        self.assertEqual(outer.kind, trace.Span.SPAN_KIND_SERVER)
        self.assertEqual(outer.parent_span_id.hex(), CLIENT)
        self.assertEqual(outer.flags, trace.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
                         | trace.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK | 1)
        self.assertEqual(answer.headers["traceparent"], f"00-{TRACE}-{outer.span_id.hex()}-01")
        for name in ("headrace.queue wait", "headrace.job run"):
            span = spans[name]
            self.assertEqual(span.kind, trace.Span.SPAN_KIND_INTERNAL)
            self.assertEqual(span.trace_id.hex(), TRACE)
            self.assertEqual(span.parent_span_id, outer.span_id)
            self.assertEqual(span.trace_state, "a=1")
            self.assertEqual(span.status.code, trace.Status.STATUS_CODE_UNSET)
            self.assertLessEqual(outer.start_time_unix_nano, span.start_time_unix_nano)
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
            self.assertLessEqual(span.end_time_unix_nano, outer.end_time_unix_nano)
        run = spans["headrace.job run"]
        self.assertGreaterEqual(run.end_time_unix_nano - run.start_time_unix_nano, 4_000_000)
        cpu = {item.key: item.value for item in run.attributes}["headrace.job.cpu_time"]
        self.assertEqual(cpu.WhichOneof("value"), "double_value")

    def test_that_failed_say_so(self):
        from google.protobuf import json_format  # pylint: disable=import-outside-toplevel
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service  # pylint: disable=import-outside-toplevel
        from opentelemetry.proto.trace.v1 import trace_pb2 as trace  # pylint: disable=import-outside-toplevel
        answer, (_, _, body) = self.spans_of("/v1/queues/fail/jobs", {})
        request = service.ExportTraceServiceRequest()
        json_format.ParseDict(with_base64_ids(json.loads(body)), request, ignore_unknown_fields=False)
        spans = {span.name: span for span in request.resource_spans[0].scope_spans[0].spans}
        self.assertEqual(spans["POST /v1/queues/{queue}/jobs"].parent_span_id, b"")
        self.assertGreaterEqual(answer.status, 500)
        self.assertEqual(spans["headrace.job run"].status.code, trace.Status.STATUS_CODE_ERROR)
        self.assertNotEqual(spans["headrace.job run"].status.message, "")


if __name__ == "__main__":
    pinned.install(HOME, REQUIREMENT)
    sys.path[:0] = [str(path) for path in HOME.glob("lib/python3*/site-packages")]
    unittest.main(argv=sys.argv[:1], verbosity=2)
