#!/usr/bin/env python3
"""HTTP clients and proxies as people have them, each with a thousand requests against the real service.

usage: interop.py [--requests N] [CLIENT...]      exit 0: every client got its own, right answers

Every client sends small requests with a token of its own, and a body of 50 MB with a length and chunked, to the
service itself, through nginx (with and without its request buffer) and through HAProxy.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "prove"))

from proxies import haproxy, nginx  # noqa: E402
from service import ROOT, Missed, Service, free_port, head, read_answer  # noqa: E402

LARGE = 50_000_000
QUEUES = ("  simulate: {handler: simulate, workers: 2, capacity: 1000, isolation: {mode: thread}}\n"
          "  full: {handler: simulate, workers: 1, capacity: 0, isolation: {mode: thread}}\n"
          "  pdf: {handler: pdf-to-image, workers: 2, capacity: 20}\n")


def clients(folder):
    """Name and command of each client; Go's is built here."""
    program = Path(folder) / "with_go"
    subprocess.run(["go", "build", "-o", program, HERE / "clients/with_go.go"], check=True,
                   env={**os.environ, "GO111MODULE": "off", "GOCACHE": str(Path(folder) / "go-cache")})
    return {
        "curl": [HERE / "clients/with_curl.sh"],
        "requests": ["/usr/bin/python3", HERE / "clients/with_requests.py"],
        "aiohttp": ["/usr/bin/python3", HERE / "clients/with_aiohttp.py"],
        "go": [program],
        "fetch": ["node", HERE / "clients/with_fetch.mjs"],
    }


def run_client(command, base, requests, large):
    done = subprocess.run([*command, base, str(requests), large, str(LARGE)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)
    if done.returncode:
        raise Missed(done.stdout[-1500:])


def run_wrk(base, requests):
    """Many requests on a few connections, for as long as about twice `requests` take."""
    done = subprocess.run(["wrk", "-t1", "-c8", "-d2s", "-s", ROOT / "bench/noop.lua",
                           f"{base}/v1/queues/simulate/jobs?ms=0"], stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout.partition("JSON ")[2])
    if figures["status_errors"] or figures["socket_errors"] or figures["requests"] < requests:
        raise Missed(done.stdout)


def large_answers(base, rounds):
    """The zip of a rendered document, some megabytes, is the same each time."""
    pdf = (ROOT / "tests/data/sample.pdf").read_bytes()
    seen = set()
    for _ in range(rounds):
        request = urllib.request.Request(f"{base}/v1/queues/pdf/jobs?dpi=300", pdf,
                                         {"Content-Type": "application/pdf", "Accept": "application/zip"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        if len(body) < 100_000:
            raise Missed(f"an answer of {len(body)} bytes")
        seen.add(hashlib.sha256(body).hexdigest())
    if len(seen) != 1:
        raise Missed(f"{len(seen)} different answers to the same request")


def refused_upload(service, port):
    """A queue that is full refuses a large upload; the client behind the proxy reads its 429."""
    with service.connect() as busy, service.connect(port) as client:
        busy.sendall(head("POST", "/v1/queues/full/jobs?ms=60000&mode=sleep"))
        while service.metric('headrace_jobs_running{queue="full"}') < 1:
            time.sleep(0.01)
        client.sendall(head("POST", "/v1/queues/full/jobs?ms=0", "Content-Length: 60000000",
                            "Content-Type: application/octet-stream"))
        try:
            for _ in range(64):
                client.sendall(bytes(65536))
        except OSError:
            pass  # the proxy closed after its answer, which is still to be read
        status = read_answer(client)[0]
    if status != 429:
        raise Missed(f"a refused upload was answered {status}")
    while service.metric('headrace_jobs_running{queue="full"}') > 0:
        time.sleep(0.01)


def check(name, call, *arguments):
    start = time.monotonic()
    try:
        call(*arguments)
    except (Missed, subprocess.SubprocessError, OSError) as error:
        print(f"interop: {name}: FAILED: {error}", flush=True)
        return False
    print(f"interop: {name}: right, {time.monotonic() - start:.1f} s", flush=True)
    return True


def check_way(way, port, service, commands, options, large):
    base = f"http://127.0.0.1:{port}"
    good = True
    for name, command in commands.items():
        good &= check(f"{name} {way}", run_client, command, base, options.requests, large)
    good &= check(f"wrk {way}", run_wrk, base, options.requests)
    good &= check(f"large answers {way}", large_answers, base, 5)
    # With its request buffer nginx takes in the whole body before it asks upstream.
    if way != "nginx-on":
        good &= check(f"refused upload {way}", refused_upload, service, port)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("client", nargs="*")
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)  # nginx's workers are another user
    try:
        large = Path(folder) / "large"
        large.write_bytes(os.urandom(1_000_000) * (LARGE // 1_000_000))
        commands = {name: command for name, command in clients(folder).items() if name in (options.client or [name])}
        with Service(QUEUES, memory="memory: {budget: 1GiB}\n") as service:
            good = check_way("direct", service.port, service, commands, options, large)
            for proxy in (nginx(folder, service.port, free_port(), "on"),
                          nginx(folder, service.port, free_port(), "off"), haproxy(folder, service.port, free_port())):
                with proxy:
                    good &= check_way(proxy.name, proxy.port, service, commands, options, large)
    finally:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
