#!/usr/bin/env python3
"""PDF to PNG: the service beside a bare PDFium + encoder loop, pdftoppm -png and pdf2image.

    bench/pdf_bench.py [--dpi 200] [--rounds 5] [--json FILE] [DOCUMENT...]

Without documents it makes its own (scripts/make-pdfs). CPU seconds (user + system, all processes that
take part) and wall seconds, medians; the contestants take turns within each round.
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
VENV = ROOT / ".deps/bench-pdf-venv"
REQUIREMENTS = ROOT / "bench/pdf_requirements.txt"


def pdf2image_python():
    """The interpreter with pdf2image; made at first use."""
    python = VENV / "bin/python"
    stamp = VENV / "requirements.txt"
    if not stamp.is_file() or stamp.read_text() != REQUIREMENTS.read_text():
        print("installing pdf2image ...", flush=True)
        subprocess.run(["python3", "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "-q", "install", "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return python


def weigh(argv):
    """CPU and wall seconds of one command and all its children."""
    start = time.monotonic()
    process = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise servers.BenchError(f"{argv[0]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start


class Service:
    """A running headrace with `pdf-to-image`; the CPU time of its executors is in its own."""

    def __init__(self, folder):
        self.http, management = servers.free_port(), servers.free_port()
        config = Path(folder) / "pdf.yaml"
        config.write_text(
            f'server: {{listen: "127.0.0.1:{self.http}"}}\nmanagement: {{listen: "127.0.0.1:{management}"}}\n'
            "queues:\n  pdf-to-image: {handler: pdf-to-image}\n")
        self.process = subprocess.Popen([servers.find_headrace(), "serve", "--config", config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_ready(f"http://127.0.0.1:{management}/readyz")

    def wait_ready(self, url):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise servers.BenchError("headrace did not become ready")

    def cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / servers.TICKS

    def weigh(self, dpi, document, repeat):
        """The median of one request, measured over `repeat`: the kernel counts CPU time in 10 ms steps."""
        url = f"http://127.0.0.1:{self.http}/v1/queues/pdf-to-image/jobs?dpi={dpi}"
        data = document.read_bytes()
        cpu, start = self.cpu(), time.monotonic()
        for _ in range(repeat):
            request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/pdf"})
            with urllib.request.urlopen(request, timeout=120) as answer:
                while answer.read(1 << 20):
                    pass
        wall = time.monotonic() - start
        time.sleep(0.05)  # the executor of the last job is reaped
        return (self.cpu() - cpu) / repeat, wall / repeat

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def measure(document, options, service, folder):
    loop = servers.find_headrace().parent.parent.parent / "bench/pdf-bare-loop"
    contestants = {
        "headrace": lambda: service.weigh(options.dpi, document, 4),
        "bare loop": lambda: weigh([loop, options.dpi, document]),
        "pdftoppm -png": lambda: weigh(["pdftoppm", "-png", "-r", options.dpi, document, Path(folder) / "page"]),
        "pdf2image": lambda: weigh([pdf2image_python(), ROOT / "bench/pdf_2image.py", document, options.dpi, folder]),
    }
    runs = {name: [] for name in contestants}
    service.weigh(options.dpi, document, 1)  # warm
    for _ in range(options.rounds):
        for name, run in contestants.items():
            runs[name].append(run())
    return {name: {"cpu_seconds": round(statistics.median(cpu for cpu, _ in of), 4),
                   "wall_seconds": round(statistics.median(wall for _, wall in of), 4)}
            for name, of in runs.items()}


def show(name, result):
    ours = result["headrace"]
    print(f"{name}\n  {'':14} {'CPU s':>8} {'wall s':>8} {'CPU / headrace':>15} {'wall / headrace':>16}")
    for who, figures in result.items():
        print(f"  {who:14} {figures['cpu_seconds']:8.3f} {figures['wall_seconds']:8.3f} "
              f"{figures['cpu_seconds'] / ours['cpu_seconds']:14.2f}x "
              f"{figures['wall_seconds'] / ours['wall_seconds']:15.2f}x")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", nargs="*", type=Path)
    parser.add_argument("--dpi", default="200")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pdf2image_python()
    results = {}
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        documents = options.documents
        if not documents:
            subprocess.run([ROOT / "scripts/make-pdfs", folder, "sample", "text", "scan"], check=True,
                           stdout=subprocess.DEVNULL)
            documents = [Path(folder) / f"{name}.pdf" for name in ("sample", "text", "scan")]
        service = Service(folder)
        try:
            print(f"PDF to PNG at {options.dpi} dpi, medians of {options.rounds} interleaved rounds")
            for document in documents:
                results[document.stem] = measure(document, options, service, folder)
                show(document.name, results[document.stem])
        finally:
            service.stop()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except servers.BenchError as problem:
        sys.exit(f"bench: {problem}")
