"""What jobs that outlive their connection cost on a disk, through HTTP, beside bare loops of the same writes."""

import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import servers

CLIENTS, LARGE_CLIENTS = 64, 16
SMALL, LARGE = 1024, 1 << 20
BARE_JOBS, BARE_FILES = 20_000, 400
ENGINE = "engine: {{kind: sqlite, path: '{folder}/store'}}\nmemory: {{budget: 2GiB}}\nlog: {{level: error}}\n"


def finished(service):
    with urllib.request.urlopen(f"http://127.0.0.1:{service.management}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(count) for count in re.findall(r"^headrace_jobs_finished_total\{.*\} (\S+)$", text, re.M))


def recorded(service, seconds, clients, size):
    """Jobs/s whose end is on the disk, as long as the last of them took, and percentiles of the 202."""
    before, start = finished(service), time.monotonic()
    report = servers.wrk(service.url + "?ms=0", seconds, clients, prefer="respond-async", size=size)
    if report["status_errors"] or report["socket_errors"]:
        raise servers.BenchError(f"durable: errors in {report}")
    last, ended = time.monotonic(), finished(service) - before
    while ended < report["requests"]:
        if time.monotonic() > last + 60:
            raise servers.BenchError(f"durable: {ended} of {report['requests']} jobs have ended")
        time.sleep(0.01)
        ended = finished(service) - before
    # wrk leaves without the last answer of each connection, whose job is done nevertheless.
    return {"jobs_per_second": ended / (time.monotonic() - start),
            "p50_ms": report["p50_us"] / 1000, "p99_ms": report["p99_us"] / 1000}


def bare(folder, what, count):
    """What store-bench's bare loop of that name gives per second."""
    program = servers.ROOT / "build/release/bench/store-bench"
    if not program.is_file():
        raise servers.BenchError("no store-bench: run 'scripts/build release'")
    done = subprocess.run([program, folder, what, str(count)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def compare(folder, options, size, clients, what, count):
    """Rounds of the service and of the bare loop in turns; medians, and the median of their ratios."""
    home = Path(tempfile.mkdtemp(dir=folder))
    rounds = []
    with servers.headrace(home, workers=2, capacity=100_000, threads=2, more=ENGINE.format(folder=home)) as service:
        recorded(service, 1, clients, size)  # warm up
        for _ in range(options.rounds):
            taken = recorded(service, options.seconds, clients, size)
            taken["bare_per_second"] = bare(home, what, count)
            taken["ratio"] = taken["jobs_per_second"] / taken["bare_per_second"]
            rounds.append(taken)
    shutil.rmtree(home)
    result = {key: round(statistics.median(taken[key] for taken in rounds), 2) for key in rounds[0]}
    result["rounds"] = rounds
    return result


def measure(options):
    """On the disk that the build is on: a folder in memory would tell nothing."""
    with tempfile.TemporaryDirectory(prefix="bench-durable-", dir=servers.ROOT / "build") as folder:
        return {"small": compare(folder, options, SMALL, CLIENTS, "bare", BARE_JOBS),
                "large": compare(folder, options, LARGE, LARGE_CLIENTS, "files", BARE_FILES)}
