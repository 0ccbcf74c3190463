#!/usr/bin/env python3
"""OCR: the service beside a bare libtesseract loop and the `tesseract` command with its defaults.

    bench/ocr_bench.py [--pages 4] [--rounds 3] [--json FILE]

The pages are text at 300 dpi, gray PNGs that the service's own pdf-to-image draws (scripts/make-pdfs text). CPU
seconds per page (user + system, all processes that take part) and wall seconds per page, medians; the contestants
take turns within each round. The loop's start is not counted, since the service's zygote has it behind it too; the
command's is, since it has one for each page. Every contestant must read the same text.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import servers

ROOT = servers.ROOT


class Service:
    """A running headrace with `ocr` and `pdf-to-image`; the CPU time of its executors is in its own."""

    def __init__(self, folder):
        self.http, management = servers.free_port(), servers.free_port()
        config = Path(folder) / "ocr.yaml"
        config.write_text(
            f'server: {{listen: "127.0.0.1:{self.http}"}}\nmanagement: {{listen: "127.0.0.1:{management}"}}\n'
            "queues:\n  ocr: {handler: ocr}\n  pdf-to-image: {handler: pdf-to-image}\n")
        self.process = subprocess.Popen([servers.find_headrace(), "serve", "--config", config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{management}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise servers.BenchError("headrace did not become ready")

    def post(self, queue, query, body):
        url = f"http://127.0.0.1:{self.http}/v1/queues/{queue}/jobs?{query}"
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/octet-stream"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / servers.TICKS

    def weigh(self, pages):
        """A job for each page, one after the other."""
        bodies = [page.read_bytes() for page in pages]
        cpu, start = self.cpu(), time.monotonic()
        for body in bodies:
            self.post("ocr", "", body)
        wall = time.monotonic() - start
        time.sleep(0.05)  # the executor of the last job is reaped
        return self.cpu() - cpu, wall

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def loop_path():
    path = servers.find_headrace().parent.parent.parent / "bench/ocr-bare-loop"
    if not path.is_file():
        raise servers.BenchError(f"{path} is missing: build it with the rest, -DHEADRACE_BENCH=ON")
    return path


def single_threaded():
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


def weigh_loop(pages):
    start = time.monotonic()
    done = subprocess.run([loop_path(), *pages], env=single_threaded(), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["pages_cpu_seconds"], time.monotonic() - start


def weigh_command(pages, env=None):
    cpu, start = 0, time.monotonic()
    for page in pages:
        process = subprocess.Popen(["tesseract", page, "-"], env=env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise servers.BenchError(f"tesseract ended with {process.returncode}")
        cpu += usage.ru_utime + usage.ru_stime
    return cpu, time.monotonic() - start


def text_of(argv, env=None):
    done = subprocess.run([str(word) for word in argv], env=env, capture_output=True, text=True, check=True)
    return done.stdout.replace("\f", "")


def check_same_text(service, page):
    ours = service.post("ocr", "", page.read_bytes()).decode()
    theirs = {"bare loop": text_of([loop_path(), "--text", page], single_threaded()),
              "tesseract": text_of(["tesseract", page, "-"])}
    for name, text in theirs.items():
        if text.split() != ours.split():
            raise servers.BenchError(f"{name} reads another text in {page.name}: not comparable")


def draw(service, folder, count):
    subprocess.run([ROOT / "scripts/make-pdfs", folder, "text"], check=True, stdout=subprocess.DEVNULL)
    document = (Path(folder) / "text.pdf").read_bytes()
    pages = []
    for number in range(1, count + 1):
        page = Path(folder) / f"page-{number}.png"
        page.write_bytes(service.post("pdf-to-image", f"dpi=300&gray=true&pages={number}", document))
        pages.append(page)
    return pages


def measure(options):
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        service = Service(folder)
        try:
            pages = draw(service, folder, options.pages)
            for page in pages:
                check_same_text(service, page)
            contestants = {"headrace": lambda: service.weigh(pages),
                           "bare loop": lambda: weigh_loop(pages),
                           "tesseract": lambda: weigh_command(pages),
                           "tesseract, 1 thread": lambda: weigh_command(pages, single_threaded())}
            runs = {name: [] for name in contestants}
            for _ in range(options.rounds):
                for name, run in contestants.items():
                    runs[name].append(run())
        finally:
            service.stop()
    return {name: {"cpu_seconds": round(statistics.median(cpu for cpu, _ in of) / options.pages, 4),
                   "wall_seconds": round(statistics.median(wall for _, wall in of) / options.pages, 4)}
            for name, of in runs.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options)
    ours = result["headrace"]
    print(f"Pages of text at 300 dpi, per page; medians of {options.rounds} interleaved rounds of {options.pages} pages")
    print(f"  {'':20} {'CPU s':>8} {'wall s':>8} {'CPU / headrace':>15}")
    for who, figures in result.items():
        print(f"  {who:20} {figures['cpu_seconds']:8.3f} {figures['wall_seconds']:8.3f} "
              f"{figures['cpu_seconds'] / ours['cpu_seconds']:14.2f}x")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except servers.BenchError as problem:
        sys.exit(f"bench: {problem}")
