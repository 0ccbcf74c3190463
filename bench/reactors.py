"""Whether reactors scale: the same load on server.threads 1, 2 and, with cores for it, 4.

The clients run on the same machine, so requests/s tell how client and server share its cores. What the
reactors could carry with cores of their own is told by the busiest one: requests per second of its CPU.
"""

import os
import statistics
from concurrent.futures import ThreadPoolExecutor

import servers

CLIENTS = 2  # wrk processes, each with a thread and connections of its own
CONNECTIONS = 64
THREAD_NAME = "http"


def load(server, url, seconds, method):
    reactors, process = server.thread_cpu_seconds(THREAD_NAME), server.cpu_seconds()
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(servers.wrk, url, seconds, CONNECTIONS, None, method) for _ in range(CLIENTS)]
        reports = [each.result() for each in running]
    process = server.cpu_seconds() - process
    after = server.thread_cpu_seconds(THREAD_NAME)
    busy = [after[thread] - reactors[thread] for thread in after]
    if any(report["status_errors"] or report["socket_errors"] for report in reports):
        raise servers.BenchError(f"reactors: errors in {reports}")
    requests = sum(report["requests"] for report in reports)
    return {"requests_per_second": requests / reports[0]["seconds"],
            "cpu_us": process / requests * 1e6,
            "reactors_cpu_us": sum(busy) / requests * 1e6,
            "busiest_share_percent": max(busy) / sum(busy) * 100,
            "requests_per_busiest_cpu_second": requests / max(busy)}


def measure(folder, options):
    """Medians by kind of request and number of reactors, and what the busiest carries beside one alone."""
    cores = os.cpu_count() or 1
    counts = [count for count in (1, 2, 4) if count <= max(2, cores)]
    rounds = {}
    with_threads = [(count, servers.headrace(folder, workers=cores, capacity=1000, threads=count)) for count in counts]
    for _ in range(options.rounds):
        for count, server in with_threads:
            with server:
                for kind, url, method in (("page", f"http://127.0.0.1:{server.http}/", "GET"),
                                          ("job", server.url + "?ms=0", "POST")):
                    servers.wrk(url, 1, CONNECTIONS, method=method)  # warm up
                    rounds.setdefault(kind, {}).setdefault(count, []).append(
                        load(server, url, options.seconds, method))
    result = {kind: {count: {key: round(statistics.median(r[key] for r in taken), 1) for key in taken[0]}
                     for count, taken in by_count.items()} for kind, by_count in rounds.items()}
    for by_count in result.values():
        alone = by_count[1]["requests_per_busiest_cpu_second"]
        for figures in by_count.values():
            figures["carries"] = round(figures["requests_per_busiest_cpu_second"] / alone, 2)
    return {"cores": cores, **result}
