"""Pages of one document in parallel, beside one executor alone: wall time, throughput, and who has to wait.

One service with two queues, with and without isolation.parallel; the two take turns within each round.
"""

import os
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import servers

ROOT = servers.ROOT
QUEUES = ("parallel", "alone")
PAGES = 17  # of the document that is timed


def service(folder):
    http, management = servers.free_port(), servers.free_port()
    config = Path(folder) / "pages.yaml"
    queues = "".join(f"  {name}: {{handler: pdf-to-image, isolation: {{parallel: {name == 'parallel'}}}}}\n".replace(
        "True", "true").replace("False", "false") for name in QUEUES)
    config.write_text(f'server: {{listen: "127.0.0.1:{http}"}}\nmanagement: {{listen: "127.0.0.1:{management}"}}\n'
                      f"queues:\n{queues}")
    server = servers.Server("headrace", [servers.find_headrace(), "serve", "--config", config],
                            f"http://127.0.0.1:{http}", f"http://127.0.0.1:{management}/readyz")
    server.http = http
    return server


def convert(server, queue, data, query):
    """Wall seconds of one job."""
    start = time.monotonic()
    request = urllib.request.Request(f"{server.url}/v1/queues/{queue}/jobs?{query}", data=data,
                                     headers={"Content-Type": "application/pdf"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        while answer.read(1 << 20):
            pass
    return time.monotonic() - start


def lone(server, data, rounds):
    """Median wall seconds of a lone document in each queue."""
    times = {name: [] for name in QUEUES}
    for _ in range(rounds):
        for name in QUEUES:
            times[name].append(convert(server, name, data, f"dpi=200&pages=1-{PAGES}"))
    return {name: round(statistics.median(taken), 3) for name, taken in times.items()}


def crowded(server, data, rounds):
    """Median documents a second of each queue with twice as many clients as cores."""
    rates = {name: [] for name in QUEUES}
    clients, each = 2 * (os.cpu_count() or 1), 6
    for _ in range(rounds):
        for name in QUEUES:
            start = time.monotonic()
            threads = [threading.Thread(target=lambda: [convert(server, name, data, "dpi=100") for _ in range(each)])
                       for _ in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            rates[name].append(clients * each / (time.monotonic() - start))
    return {name: round(statistics.median(taken), 2) for name, taken in rates.items()}


def newcomer(server, many, one, rounds):
    """Worst wall seconds of one page that comes while a long document has all slots."""
    times = []
    for _ in range(rounds):
        long_job = threading.Thread(target=convert, args=(server, "parallel", many, "dpi=100"))
        long_job.start()
        time.sleep(0.3)  # by now it has borrowed what there is
        times.append(convert(server, "parallel", one, "dpi=100&pages=1"))
        long_job.join()
    return round(max(times), 3)


def measure(rounds):
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        subprocess.run([ROOT / "scripts/make-pdfs", folder, "text", "many", "sample"], check=True,
                       stdout=subprocess.DEVNULL)
        text, many, sample = (Path(folder, f"{name}.pdf").read_bytes() for name in ("text", "many", "sample"))
        with service(folder) as server:
            for name in QUEUES:
                convert(server, name, sample, "dpi=50")  # warm
            return {"lone_wall_seconds": lone(server, text, rounds),
                    "crowded_documents_per_second": crowded(server, text, rounds),
                    "newcomer_worst_seconds": newcomer(server, many, sample, rounds)}
