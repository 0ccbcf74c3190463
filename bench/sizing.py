#!/usr/bin/env python3
"""The figures of docs/sizing.md: what connections, waiting jobs, workers and slots hold in memory, and what
the pages of a document cost.

    bench/sizing.py [--dpi 150] [--repeat 3] [DOCUMENT...]

Memory is the proportional set size (Pss of smaps_rollup) of the service, or of its child processes; bytes of payloads
and results lie in memfds, which are in no process' figure and are counted by headrace_memory_bytes. CPU is what
Server-Timing says of the job (exact), and the service's own from /proc beside it, in steps of 10 ms. What else the
machine does changes the former nothing and the latter little, so this may run on a busy one. Without documents it makes its own (scripts/make-pdfs).
"""

import argparse
import http.client
import io
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import servers

CONNECTIONS = 1000
WAITING = 1000


def pss(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def children(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


class Service:
    """headrace with the queues of `queues` (YAML, indented) in a folder of its own."""

    def __init__(self, queues, server="", more=""):
        self.http, management = servers.free_port(), servers.free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="headrace-sizing-")
        config = Path(self.folder.name) / "headrace.yaml"
        config.write_text(f'server: {{listen: "127.0.0.1:{self.http}"{server}}}\n'
                          f'management: {{listen: "127.0.0.1:{management}"}}\nshutdown: {{drain: 0s}}\n{more}queues:\n{queues}')
        self.server = servers.Server("headrace", [servers.find_headrace(), "serve", "--config", config], None,
                                     f"http://127.0.0.1:{management}/readyz")

    def __enter__(self):
        self.server.__enter__()
        self.pid = self.server._process.pid
        return self

    def __exit__(self, *_):
        self.server.__exit__()
        self.folder.cleanup()

    def post(self, path, body, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=300)
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def settled_pss(self):
        time.sleep(0.5)  # threads that have just served give back what they hold
        return pss(self.pid)


def say(what, value):
    print(f"{what:62} {value}", flush=True)


def kib(value):
    return f"{value / 1024:.1f} KiB"


def mib(value):
    return f"{value / 2**20:.1f} MiB"


def connections_and_jobs():
    queue = "  simulate: {handler: simulate, workers: 1, capacity: 100000, isolation: {mode: thread}}\n"
    with Service(queue) as service:
        say("service with one queue in a thread, idle", mib(service.settled_pss()))
        service.post("/v1/queues/simulate/jobs?ms=0", b"x" * 1024)
        before = service.settled_pss()
        kept = []
        for _ in range(CONNECTIONS):
            client = socket.create_connection(("127.0.0.1", service.http))
            client.sendall(b"GET /v1/queues HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(65536)
            kept.append(client)
        idle = service.settled_pss()
        say(f"an idle connection ({CONNECTIONS} of them)", kib((idle - before) / CONNECTIONS))
        body = b"x" * 1024
        for client in kept:
            client.sendall(b"POST /v1/queues/simulate/jobs?ms=3000000&mode=sleep HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n" + body)
        waiting = service.settled_pss()
        say("a waiting job on its connection, 1 KiB of payload, beside that", kib((waiting - idle) / CONNECTIONS))
        for _ in range(WAITING):
            service.post("/v1/queues/simulate/jobs?ms=3000000&mode=sleep", body, {"Prefer": "respond-async"})
        kept_jobs = service.settled_pss()
        say("a kept job that waits, 1 KiB of payload", kib((kept_jobs - waiting) / WAITING))
        for client in kept:
            client.close()


def workers():
    sizes = {}
    for count in (1, 201):
        queue = f"  simulate: {{handler: simulate, workers: {count}, capacity: 10, isolation: {{mode: thread}}}}\n"
        with Service(queue) as service:
            sizes[count] = service.settled_pss()
    say("a worker that waits (its thread)", kib((sizes[201] - sizes[1]) / 200))


def processes(handler, keys=""):
    totals = {}
    for slots in (1, 5):
        queue = f"  q: {{handler: {handler}, workers: {slots}{keys}}}\n"
        with Service(queue, server=f", slots: {slots}", more="memory: {budget: 64MiB}\n") as service:
            time.sleep(1)
            totals[slots] = sum(pss(child) for child in children(service.pid))
            count = len(children(service.pid))
    each = (totals[5] - totals[1]) / 4
    say(f"{handler}: zygote and one executor that waits", mib(totals[1]))
    say(f"{handler}: each further executor that waits ({count} processes at 5 slots)", kib(each))


def memory_of(answer):
    timing = answer.getheader("Server-Timing", "")
    cpu = re.search(r"cpu;dur=([\d.]+)", timing)
    mem = re.search(r'mem;desc="(\d+)"', timing)
    return float(cpu.group(1)) / 1000 if cpu else 0.0, int(mem.group(1)) if mem else 0


def pages_of(answer, data):
    if answer.getheader("Content-Type") != "application/zip":
        return 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return len(archive.namelist())


def documents(paths, dpi, repeat):
    print(f"\n{'document, PNG at ' + str(dpi) + ' dpi':38} {'pages':>6} {'KiB in':>8} {'KiB out':>8} {'CPU ms/page':>12} "
          f"{'pages/s/core':>13} {'service ms/page':>16} {'peak MiB':>9}")
    with Service("  q: {handler: pdf-to-image, workers: 1, deadline: 10m}\n", server=", slots: 1") as service:
        for path in paths:
            body = path.read_bytes()
            cpus, peaks, own = [], [], []
            for _ in range(repeat):
                before = service.server.cpu_seconds()
                answer, data = service.post(f"/v1/queues/q/jobs?dpi={dpi}", body, {"Content-Type": "application/pdf"})
                own.append(service.server.cpu_seconds() - before)
                if answer.status != 200:
                    break
                cpu, peak = memory_of(answer)
                cpus.append(cpu)
                peaks.append(peak)
            if answer.status != 200:
                print(f"{path.stem:38} refused: {answer.status}")
                continue
            pages, cpu = pages_of(answer, data), statistics.median(cpus)
            print(f"{path.stem:38} {pages:6} {len(body) / 1024:8.0f} {len(data) / 1024:8.0f} {cpu / pages * 1000:12.1f} "
                  f"{pages / cpu:13.0f} {statistics.mean(own) / pages * 1000:16.2f} {max(peaks) / 2**20:9.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", nargs="*", type=Path)
    parser.add_argument("--dpi", type=int, default=150)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    connections_and_jobs()
    workers()
    processes("pdf-to-image")
    with tempfile.TemporaryDirectory(prefix="headrace-sizing-") as folder:
        paths = options.documents
        if not paths:
            subprocess.run([servers.ROOT / "scripts/make-pdfs", folder, "sample", "text", "scan"], check=True,
                           stdout=subprocess.DEVNULL)
            paths = [Path(folder) / f"{name}.pdf" for name in ("sample", "text", "scan")]
        documents(paths, options.dpi, options.repeat)


if __name__ == "__main__":
    try:
        main()
    except servers.BenchError as problem:
        sys.exit(f"bench: {problem}")
