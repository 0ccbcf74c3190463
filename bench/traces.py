"""What traces cost: a no-op job with tracing off, at 10 % and at 100 % of the traces."""

import contextlib
import os
import statistics
import subprocess
import sys
import time
import urllib.request

import servers

SHARES = {"off": None, "10 %": 0.1, "100 %": 1}

# Takes all spans and looks at none: a process of its own, whose CPU time counts for nobody.
COLLECTOR = """
import http.server, sys
class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector).serve_forever()
"""


@contextlib.contextmanager
def collector():
    port = servers.free_port()
    with subprocess.Popen([sys.executable, "-c", COLLECTOR, str(port)]) as process:
        try:
            yield port
        finally:
            process.terminate()


def more(port, share):
    if share is None:
        return ""
    return f'tracing: {{endpoint: "http://127.0.0.1:{port}", sample: {share}, queue: 20000}}\n'


def spans(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.management}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines
            if line.startswith("headrace_trace_spans_total{")}


def one_round(server, options, cores):
    cpu, before = server.cpu_seconds(), spans(server)
    report = servers.wrk(server.url + "?ms=0", options.seconds, cores=cores)
    time.sleep(1)  # what the last spans cost is theirs too
    cpu, after = server.cpu_seconds() - cpu, spans(server)
    if report["status_errors"] or report["socket_errors"]:
        raise servers.BenchError(f"{server.name}: errors in {report}")
    figures = {"cpu_us": cpu / report["requests"] * 1e6, "jobs_per_second": report["requests"] / report["seconds"],
               "p99_us": report["p99_us"]}
    for outcome in after:
        figures[f"spans_{outcome}"] = (after[outcome] - before[outcome]) / report["requests"]
    return figures


def measure(folder, options):
    """Medians by share; the rounds take turns. `spans_...` are per job."""
    server_core, client_core = ("0", "1") if os.cpu_count() > 1 else (None, None)
    rounds = {name: [] for name in SHARES}
    with collector() as port, contextlib.ExitStack() as stack:
        started = {name: stack.enter_context(servers.headrace(folder, cores=server_core, more=more(port, share)))
                   for name, share in SHARES.items()}
        for server in started.values():
            servers.wrk(server.url + "?ms=0", 2, cores=client_core)  # warm up
        for _ in range(options.rounds):
            for name, server in started.items():
                rounds[name].append(one_round(server, options, client_core))
    return {name: {key: round(statistics.median(r[key] for r in taken), 3) for key in taken[0]}
            for name, taken in rounds.items()}
