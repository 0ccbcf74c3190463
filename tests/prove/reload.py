#!/usr/bin/env python3
"""Proof of reloads under load, against the real service; see scripts/prove_reload.

usage: reload.py [--times N] [--clients N] [PROOF...]      exit 0: every bar is met

Each client sends one job after another, on a connection that it keeps; half of them to executors. Each round has other
workers, capacities and deadlines; every fifth file is broken, or wants a restart, and must change nothing.
"""

import argparse
import hashlib
import http.client
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

from service import Service, need, run_proofs

QUEUES = """  simulate: {{handler: simulate, workers: {workers}, capacity: {capacity}, deadline: {deadline}s, isolation: {{mode: thread}}}}
  tool: {{handler: command, command: ['true'], workers: {workers}, capacity: {capacity}, isolation: {{allow_root: true}}}}
"""
PATHS = ("/v1/queues/simulate/jobs?mode=sleep&ms=1", "/v1/queues/tool/jobs")
KEY = "proof-0123456789abcdef"


class Reloaded(Service):
    """A service whose file can be written anew."""

    def write(self, queues, more=""):
        text = self._text[:self._text.index("queues:\n")]
        (Path(self._folder.name) / "headrace.yaml").write_text(f"{text}{more}queues:\n{queues}")

    def outcomes(self):
        return [int(self.metric(f'headrace_config_reloads_total{{outcome="{name}"}}')) for name in ("applied", "refused")]

    def reload(self):
        """SIGHUP: which outcome it had."""
        before = self.outcomes()
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            now = self.outcomes()
            if now != before:
                return "applied" if now[0] > before[0] else "refused"
        need(False, "SIGHUP had no outcome within 30 s")

    def count(self, what):
        return len(os.listdir(f"/proc/{self.process.pid}/{what}"))


class Client(threading.Thread):
    """Sends jobs one after another until it is told to stop."""

    def __init__(self, service, path, over):
        super().__init__(daemon=True)
        self._http = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self._path, self._over = path, over
        self.done, self.failures = 0, []

    def close(self):
        self._http.close()

    def run(self):
        while not self._over.is_set():
            try:
                self._http.request("POST", self._path, headers={"Authorization": f"Bearer {KEY}"})
                answer = self._http.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                return
            if answer.status == 200:
                self.done += 1
            else:
                self.failures.append(f"{answer.status} {body[:200]!r}")


def queues(round_):
    return QUEUES.format(workers=1 + round_ % 4, capacity=64 + round_, deadline=60 + round_)


def settle(service, what, want):
    """The count of threads or descriptors once it is as wanted, or after 30 s."""
    until = time.monotonic() + 30
    while service.count(what) > want and time.monotonic() < until:
        time.sleep(0.05)
    return service.count(what)


def play(service, times, clients):
    """So many rounds, each of which the clients' jobs must outlive; refused files among them."""
    refused = 0
    for round_ in range(1, times + 1):
        done = [client.done for client in clients]
        if round_ % 5 == 0:
            bad = ("  simulate: {handler: simulat, capacity: many}\n", queues(0) + "  more: {handler: http, upstream: 'http://127.0.0.1:1'}\n")
            service.write(bad[round_ // 5 % 2])
            outcome = service.reload()
            need(outcome == "refused", f"round {round_}: a bad file was {outcome}")
            refused += 1
        else:
            service.write(queues(round_))
            outcome = service.reload()
            need(outcome == "applied", f"round {round_}: a good file was {outcome}")
        until = time.monotonic() + 60
        while any(client.done <= before for client, before in zip(clients, done)):
            failed = [failure for client in clients for failure in client.failures]
            need(not failed, f"round {round_}: {failed[:3]}")
            need(time.monotonic() < until, f"round {round_}: no job ended within 60 s")
            time.sleep(0.01)
    return refused


def prove_load(options):
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        keys.write_text(f"proof {hashlib.sha256(KEY.encode()).hexdigest()}\n")
        keys.chmod(0o600)
        with Reloaded(queues(0), memory=f"auth: {{mode: keys, file: {keys}}}\n") as service:
            warm = threading.Event()
            first = [Client(service, path, warm) for path in PATHS]
            for client in first:
                client.start()
            while any(client.done < 5 for client in first) and not any(client.failures for client in first):
                time.sleep(0.01)
            warm.set()
            for client in first:
                client.join()
                need(not client.failures, f"before any reload: {client.failures[:3]}")
                client.close()
            time.sleep(1)  # their connections end
            threads, descriptors = service.count("task"), service.count("fd")
            stop = threading.Event()
            clients = [Client(service, PATHS[i % len(PATHS)], stop) for i in range(options.clients)]
            for client in clients:
                client.start()
            began = time.monotonic()
            refused = play(service, options.times, clients)
            seconds = time.monotonic() - began
            service.write(queues(0))
            need(service.reload() == "applied", "the first file was refused")
            stop.set()
            for client in clients:
                client.join()
                need(not client.failures, f"{client.failures[:3]}")
                client.close()
            now = settle(service, "task", threads), settle(service, "fd", descriptors)
            need(now[0] == threads, f"{now[0]} threads instead of {threads}")
            need(now[1] <= descriptors, f"{now[1]} descriptors instead of {descriptors}")
            done = sum(client.done for client in clients)
            return (f"{options.times} reloads in {seconds:.0f} s, {refused} of them refused; {done} jobs, none failed; "
                    f"{threads} threads and {now[1]} descriptors before and after")


PROOFS = {"load": prove_load}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50, help="reloads")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("proofs", nargs="*", help="default: all of " + ", ".join(PROOFS))
    options = parser.parse_args()
    run_proofs("prove_reload", PROOFS, options.proofs, options)


if __name__ == "__main__":
    main()
