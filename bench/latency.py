"""Latency of small requests on a quiet service and on one that is busy and refusing."""

import math
import os
import socket
import subprocess
import time

import servers


def percentile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


class Probe:
    """One keep-alive connection that sends a request, reads the whole answer, and takes the time."""

    def __init__(self, port, path):
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n".encode()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self._socket.close()

    def once(self):
        """Seconds from the first byte sent to the last byte read."""
        start = time.perf_counter()
        self._socket.sendall(self._request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise servers.BenchError(f"answered {head[:80]!r}")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length"))
        missing = length - len(body)
        while missing > 0:
            missing -= len(self._receive())
        return time.perf_counter() - start

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            raise servers.BenchError("the connection was closed")
        return data


def go_first():
    """Lets this process run as soon as it can, so that what is measured is the server's delay."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        return True
    except PermissionError:
        return False


def stay_ordinary():
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def sample(probes, seconds, into):
    """Requests each path in turn, about 250 times a second in all, and appends the times."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path, probe in probes.items():
            into[path].append(probe.once())
            time.sleep(0.004)


def flood(server, seconds):
    """20 clients that ask for 3 s of CPU each and come back 50 ms after every refusal."""
    argv = servers.wrk_argv(server.url + "?ms=3000", seconds, 20)
    return subprocess.Popen(argv, env={**os.environ, "BENCH_DELAY": "50"},
                            stdout=subprocess.PIPE, text=True, preexec_fn=stay_ordinary)


def measure(folder, workers, rounds=4, seconds=4):
    """Alternates quiet and busy phases; returns percentiles in microseconds per path."""
    quiet = {"/livez": [], "/": []}
    busy = {"/livez": [], "/": []}
    first = go_first()
    refused = 0
    for _ in range(rounds):
        with servers.headrace(folder, workers=workers, capacity=10, threads=2) as server:
            probes = {"/livez": Probe(server.management, "/livez"), "/": Probe(server.http, "/")}
            sample(probes, 0.5, {"/livez": [], "/": []})
            sample(probes, seconds, quiet)
            clients = flood(server, seconds + 2)
            time.sleep(1)
            sample(probes, seconds, busy)
            output, _ = clients.communicate()
            refused += sum(int(line.split(":")[1]) for line in output.splitlines() if "Non-2xx" in line)
            for probe in probes.values():
                probe.close()
    if refused == 0:
        raise servers.BenchError("the flood was never refused")
    return {
        "workers": workers, "real_time_client": first, "refusals": refused,
        "paths": {path: figures(quiet[path], busy[path]) for path in quiet},
    }


def figures(quiet, busy):
    micro = {name: round(percentile(samples, share) * 1e6)
             for name, samples, share in (("quiet_p50_us", quiet, .5), ("quiet_p99_us", quiet, .99),
                                          ("busy_p50_us", busy, .5), ("busy_p99_us", busy, .99))}
    return {**micro, "samples": len(busy), "p99_ratio": round(micro["busy_p99_us"] / micro["quiet_p99_us"], 2)}
