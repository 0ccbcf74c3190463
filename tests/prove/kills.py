#!/usr/bin/env python3
"""Proofs of jobs on a disk, against the real service; see scripts/prove_kills.

usage: kills.py [--kills N] [--seconds S] [PROOF...]      exit 0: nothing was lost
"""

import argparse
import http.client
import os
import random
import signal
import sqlite3
import struct
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from hooks import Hooks
from kill_load import Book, Client, check, fetch, look_at
from service import ROOT, Service, need, run_proofs
from sync_order import prove_syncs

CLIENTS = 8
NAMES = ("simulate", "echo", "stubborn")  # the last one goes on for a while when it is cancelled
HOUR = 3600 * 10**9
QUEUES = """\
  simulate: {handler: simulate, workers: 4, capacity: 3000, isolation: {mode: thread}, async_deadline: 30m,
             result_ttl: 30m, max_attempts: 3}
  echo: {handler: command, command: ["/bin/cat"], workers: 2, capacity: 1000, async_deadline: 30m, result_ttl: 30m,
         max_attempts: 3, isolation: {memory: 128MiB, allow_root: true}}
  stubborn: {handler: command, command: ["/bin/sh", "-c", "trap '' TERM; sleep 0.5; cat"], workers: 2, capacity: 1000,
             async_deadline: 30m, result_ttl: 30m, max_attempts: 3, isolation: {memory: 128MiB, allow_root: true}}
"""


class Durable(Service):
    """A service over a folder that outlives it; its wall clock is `shift` nanoseconds ahead."""

    def __init__(self, folder, hooks):
        self.store = folder / "store"
        secrets = folder / "secrets"
        secrets.write_text(hooks.secret() + "\n")
        secrets.chmod(0o600)
        super().__init__(QUEUES, "  slots: 8\n", memory=f"memory: {{budget: 4GiB}}\nengine: {{kind: sqlite, path: '{self.store}'}}\n"
                                        f"webhooks: {{allow_hosts: [127.0.0.1], allow_private: true, allow_http: true, "
                                        f"secrets_file: '{secrets}'}}\n")
        self._clock = folder / "clock"
        self.shift(0)
        self.environment = {"LD_PRELOAD": str(shift_clock()), "SHIFT_CLOCK_FILE": str(self._clock)}

    def shift(self, wall, since_boot=0):
        """Steps its clocks, the wall clock also while it runs."""
        with open(self._clock, "r+b" if self._clock.exists() else "wb") as file:
            file.write(struct.pack("=qq", wall, since_boot))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._folder.cleanup()


def shift_clock():
    path = ROOT / "build/release/tests/support/libshift-clock.so"
    need(path.is_file(), f"{path} is not built: scripts/build release shift-clock")
    return path


def files_of(store):
    """Names in the folder of bodies, and those that the records have."""
    names = {path.name for path in (store / "bodies").iterdir()}
    with sqlite3.connect(f"file:{store}/jobs.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT body_file FROM job WHERE body_file IS NOT NULL UNION ALL "
                                "SELECT file FROM part WHERE file IS NOT NULL").fetchall()
    return names, {row[0] for row in rows}


def orphans(store):
    """Files without a record that stay: others are being written or removed."""
    left, lost = None, None
    for _ in range(40):
        names, known = files_of(store)
        left = names - known if left is None else left & (names - known)
        lost = known - names if lost is None else lost & (known - names)
        if not left and not lost:
            break
        time.sleep(0.05)
    need(not lost, f"{len(lost)} records have no file: {list(lost)[:3]}")
    return left


def balance(service, queue):
    """accepted + recovered - finished - waiting - running of a queue, from its metrics, and those recovered."""
    def metric(name):
        return service.metric(f'headrace_{name}{{queue="{queue}"}}')
    finished = sum(service.metric(f'headrace_jobs_finished_total{{queue="{queue}",outcome="{outcome}"}}')
                   for outcome in ("succeeded", "failed", "cancelled", "expired"))
    recovered = metric("jobs_recovered_total")
    left = metric("queue_length") + metric("jobs_running")
    return metric("jobs_accepted_total") + recovered - finished - left, recovered, left


def until_ended(service, book):
    """Asks for every job until it has ended, then for its result."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=90)

    def ask(method, path, body=None, fields=None):
        connection.request(method, path, body, fields or {})
        answer = connection.getresponse()
        return answer, answer.read()

    for job_id, job in book.jobs.items():
        look_at(ask, book, job_id, {"Prefer": "wait=60"})
        check(book)
        need(job.state is not None, f"{job_id} has not ended")
        if job.state == "succeeded":
            fetch(ask, book, job_id)
        if job.state == "cancelled":
            need(job.by_delete, f"{job_id} was cancelled by nobody")
        if job.state == "failed":
            need(job.problem == "/problems/interrupted", f"{job_id} failed: {job.problem}")
        check(book)
        need(job.state != "expired", f"{job_id} expired, though no time of its own was over")
    connection.close()


def await_hooks(hooks, book):
    """Every job with a webhook is told, as it ended, under one id."""
    wanted = {job_id: job.state for job_id, job in book.jobs.items() if job.work.hook}
    end = time.monotonic() + 60
    while any(job_id not in hooks.told for job_id in wanted) and time.monotonic() < end:
        time.sleep(0.05)
    missing = [job_id for job_id in wanted if job_id not in hooks.told]
    need(not missing, f"{len(missing)} of {len(wanted)} webhooks were never told: {missing[:3]}")
    for job_id, state in wanted.items():
        need(hooks.told[job_id] == {(f"msg_{job_id}", state)},
             f"{job_id} ended as {state}, its webhooks said {hooks.told[job_id]}")
    need(hooks.bad == 0, f"{hooks.bad} signatures were wrong")
    return len(wanted)


def prove_kills(options):
    """kill -9 at any instant under a mixed load, the wall clock stepped by an hour forth and back between."""
    book, gate, stop = Book(), threading.Event(), threading.Event()
    kills = recovered = 0
    slowest_start = 0.0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headrace-kills-") as name, Hooks() as hooks:
        service = Durable(Path(name), hooks)
        clients = [Client(book, service.port, hooks.url, gate, stop) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        while kills < options.kills and (not options.seconds or time.monotonic() - begun < options.seconds):
            if random.random() < 0.15:  # one that has not even started
                service.start()
                time.sleep(random.uniform(0, 0.15))
                service.kill()
                kills += 1
            start = time.monotonic()
            service.__enter__()
            slowest_start = max(slowest_start, time.monotonic() - start)
            recovered += sum(balance(service, queue)[1] for queue in NAMES)
            if kills % 10 == 1:
                need(not (left := orphans(service.store)), f"{len(left)} orphan files after a start: {list(left)[:3]}")
            gate.set()
            lives = random.uniform(0.02, 0.8)
            time.sleep(lives / 2)
            service.shift(random.choice((-HOUR, 0, HOUR)))
            time.sleep(lives / 2)
            service.kill()
            gate.clear()
            kills += 1
            check(book)
        stop.set()
        for client in clients:
            client.join()
        check(book)
        with service:
            until_ended(service, book)
            for queue in NAMES:
                off, _, left = balance(service, queue)
                need(off == 0 and left == 0, f"the figures of {queue} are off by {off}, {left} jobs are left")
        # An attempt at a webhook that a kill has cut counts, so the next one may be minutes away.
        service.shift(0, since_boot=HOUR // 4)
        with service:
            told = await_hooks(hooks, book)
            need(not (left := orphans(service.store)), f"{len(left)} orphan files at the end: {list(left)[:3]}")
    stepped = book.latest - book.earliest
    need(kills < 10 or stepped > timedelta(hours=1.5), f"the clock was not stepped: jobs came within {stepped}")
    ends = {state: sum(job.state == state for job in book.jobs.values()) for state in ("succeeded", "failed", "cancelled")}
    again = sum(job.attempts > 1 for job in book.jobs.values())
    counts = book.counts
    return (f"{kills} kills in {time.monotonic() - begun:.0f} s, the clock stepped by an hour between and within: "
            f"{counts['acknowledged']} jobs acknowledged of {counts['submits']} submits and {counts['again']} repeated ones, "
            f"{recovered:.0f} recovered, {again} ran again; {ends['succeeded']} succeeded, {ends['cancelled']} cancelled "
            f"by {counts['cancels']} DELETEs, {ends['failed']} interrupted too often, none lost; {counts['statuses']} statuses "
            f"and {counts['results']} results between; {told} webhooks told in {hooks.calls} calls; refused {book.refused}; "
            f"slowest start {slowest_start * 1000:.0f} ms")


PROOFS = {"kills": prove_kills, "syncs": prove_syncs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=int(os.environ.get("PROVE_KILLS", "100")))
    parser.add_argument("--seconds", type=float, default=0, help="at most for the kills; 0: no limit")
    parser.add_argument("proofs", nargs="*", help="default: all of " + ", ".join(PROOFS))
    options = parser.parse_args()
    run_proofs("prove_kills", PROOFS, options.proofs, options)


if __name__ == "__main__":
    main()
