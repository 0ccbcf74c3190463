#!/usr/bin/env python3
"""Proofs of what jobs cannot do to the service, each against the real service; see scripts/prove_jobs.

usage: jobs.py [--corpus FOLDER] [--times N] [PROOF...]      exit 0: every bar is met
"""

import argparse
import collections
import http.client
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

from cancel import prove_cancel
from processes import alive, await_true, descendants, seconds_until_gone, zombies
from service import ROOT, Service, need, run_proofs

JOBS = "/v1/queues/pdf-to-image/jobs?dpi=36"
DEADLINE = 6
PDF = (f"  pdf-to-image: {{handler: pdf-to-image, workers: 4, capacity: 100, deadline: {DEADLINE}s, "
       "isolation: {memory: 512MiB, cpu: 5s}}\n")


def post(port, body, target=JOBS):
    """Status and body of one job, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", target, body, {"Content-Type": "application/pdf"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def read_folder(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.pdf")) if "userpw" not in path.name}


class Mix:
    """Hostile files in random order, a good one after each; eight clients send them."""

    def __init__(self, port, hostile, good, times):
        self._port, self._good = port, good
        self._right = {name: post(port, body, JOBS + "&pages=1") for name, body in good.items()}
        wrong = {name: status for name, (status, _) in self._right.items() if status != 200}
        need(not wrong, f"good files end in {wrong} before the hostile ones")
        self._order = [item for item in hostile.items() for _ in range(times)]
        random.Random(1).shuffle(self._order)
        self.statuses = collections.defaultdict(collections.Counter)
        self.slowest, self.wrong = 0.0, []
        self._lock = threading.Lock()

    def run(self):
        threads = [threading.Thread(target=self._loop) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self):
        names = list(self._good)
        while True:
            with self._lock:
                if not self._order:
                    return
                name, body = self._order.pop()
                good = names[len(self._order) % len(names)]
            start = time.monotonic()
            status, _ = post(self._port, body)
            took = time.monotonic() - start
            beside = post(self._port, self._good[good], JOBS + "&pages=1")
            with self._lock:
                self.statuses[name][status] += 1
                self.slowest = max(self.slowest, took)
                # A good job may wait behind hostile ones until its deadline; it never has a wrong answer.
                if beside[0] != 504 and beside != self._right[good]:
                    self.wrong.append((good, beside[0]))


def prove_hostile(options):
    """Every hostile file, `times` times in random order over 4 workers, good jobs between."""
    hostile, good = (read_folder(options.corpus / kind) for kind in ("hostile", "normal"))
    need(hostile and good, f"{options.corpus} has no normal/ and hostile/ PDFs; name them by --corpus")
    with tempfile.TemporaryDirectory() as spool:
        with Service(PDF, server="  slots: 4\n", memory=f"memory: {{spool_dir: '{spool}'}}\n") as service:
            mix = Mix(service.port, hostile, good, options.times)
            await_true(lambda: len(descendants(service.process.pid)) == 5)
            before, memory = len(descendants(service.process.pid)), service.memory()
            mix.run()
            after = len(descendants(service.process.pid))
            await_true(lambda: len(descendants(service.process.pid)) == before)
            after, dead = len(descendants(service.process.pid)), zombies(descendants(service.process.pid))
            grown, left = service.memory() - memory, list(Path(spool).iterdir())
    for name, statuses in sorted(mix.statuses.items()):
        print(f"  {name}: " + ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())))
    bad = {status for statuses in mix.statuses.values() for status in statuses} - {200, 422, 502, 504}
    text = (f"{len(hostile)} files x {options.times}: longest {mix.slowest:.1f} s, {len(mix.wrong)} good jobs wrong, "
            f"memory +{grown / 1048576:.1f} MiB, {before} child processes before, {after} after, {len(dead)} zombies, "
            f"{len(left)} files left")
    need(not bad and not mix.wrong and mix.slowest <= DEADLINE + 1 and after == before and not dead and not left
         and grown < 32 << 20, text)
    return text


def prove_kill(options):
    """kill -9 of the service under load leaves nothing after 1 s; of a zygote, the next job is answered 200."""
    slow = (options.corpus / "hostile/slow-60k-blends.pdf").read_bytes()
    good = (options.corpus / "normal/text-latex.pdf").read_bytes()
    took = []
    for _ in range(5):
        with Service(PDF, server="  slots: 4\n") as service:
            zygote = min(descendants(service.process.pid))
            need(post(service.port, good, JOBS + "&pages=1")[0] == 200, "no good answer at the start")
            os.kill(zygote, signal.SIGKILL)
            status = post(service.port, good, JOBS + "&pages=1")[0]
            need(status == 200, f"{status} after the zygote was killed")
            clients = [threading.Thread(target=swallow, args=(service.port, slow)) for _ in range(8)]
            for client in clients:
                client.start()
            need(await_true(lambda: service.metric('headrace_workers{queue="pdf-to-image",state="busy"}') == 4),
                 "the load did not begin")
            below = descendants(service.process.pid)
            os.kill(service.process.pid, signal.SIGKILL)
            took.append(seconds_until_gone(below, 5))
            for client in clients:
                client.join()
            need(None not in took and max(took) <= 1, f"children are left after kill -9: {alive(below)}, {took}")
    return f"5 times: the next job after a zygote's end is right; no child {max(took) * 1000:.0f} ms after the service's"


def swallow(port, body):
    try:
        post(port, body)
    except (OSError, http.client.HTTPException):
        pass  # the service is killed under it


PROOFS = {"hostile": prove_hostile, "kill": prove_kill, "cancel": prove_cancel}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared/corpus", help="with normal/ and hostile/")
    parser.add_argument("--times", type=int, default=20, help="that each hostile file is sent")
    parser.add_argument("proofs", nargs="*", help="default: all of " + ", ".join(PROOFS))
    options = parser.parse_args()
    run_proofs("prove_jobs", PROOFS, options.proofs, options)


if __name__ == "__main__":
    main()
