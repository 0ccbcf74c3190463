#!/usr/bin/env python3
"""Proofs of those who listen for a job's end, against the real service; see scripts/prove_listeners.

usage: listeners.py [--count N] [PROOF...]      exit 0: every bar is met
"""

import argparse
import http.client
import json
import multiprocessing
import re
import resource
import select
import socket
import statistics
import tempfile
import time
from datetime import datetime

from service import Missed, Service, need, run_proofs

PROCESSES = 2  # that receive
BAR = 0.1      # seconds from the job's end to the last byte of the last listener
ROUNDS = 5
QUEUE = "  simulate: {handler: simulate, workers: 1, capacity: 10, isolation: {mode: thread}}\n"
EVENTS = "GET /v1/jobs/%s/events HTTP/1.1\r\nHost: a\r\n%s\r\n"
POLL = "GET /v1/jobs/%s HTTP/1.1\r\nHost: a\r\nPrefer: wait=120\r\n\r\n"


class Api:
    """Small requests on a connection of their own."""

    def __init__(self, service):
        self._http = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)

    def ask(self, method, path, fields=None):
        self._http.request(method, path, headers=fields or {})
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def job(self, milliseconds):
        status, body = self.ask("POST", f"/v1/queues/simulate/jobs?mode=sleep&ms={milliseconds}", {"Prefer": "respond-async"})
        need(status == 202, f"a job was answered {status}")
        return json.loads(body)["job_id"]


def receive(port, requests, whole, ready, ends):
    """A process with a connection for each request: tells once each has its first bytes, where it gets any before the
    end, then at which instant each had all."""
    loop = select.epoll()
    sockets, kinds, tails, done = {}, {}, {}, {}
    for kind, request in requests:
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(request.encode())
        client.setblocking(False)
        loop.register(client, select.EPOLLIN)
        sockets[client.fileno()], kinds[client.fileno()], tails[client.fileno()] = client, kind, b""
    awaited = {fd for fd, kind in kinds.items() if kind == "events"}
    cpu = time.process_time()
    if not awaited:
        ready.put(True)
    while len(done) < len(sockets):
        for fd, _ in loop.poll():
            data = sockets[fd].recv(65536)
            if fd in awaited:
                awaited.discard(fd)
                if not awaited:
                    ready.put(True)
                    cpu = time.process_time()
            tails[fd] += data
            if tails[fd].endswith(whole[kinds[fd]]) or not data:
                done[fd] = time.time()
                loop.unregister(fd)
    ends.put(([(kinds[fd], done[fd], tails[fd]) for fd in sockets], time.process_time() - cpu))


def listen(service, job, counts):
    """Starts the processes that receive, and waits until all listen; a function that gives what they got."""
    requests = [("events", EVENTS % (job, ""))] * counts["events"] + [("poll", POLL % job)] * counts["poll"]
    ready, ends = multiprocessing.Queue(), multiprocessing.Queue()
    whole = {"events": b"\r\n0\r\n\r\n", "poll": b"}\n"}  # the last bytes of an answer
    processes = [multiprocessing.Process(target=receive, args=(service.port, requests[i::PROCESSES], whole, ready, ends))
                 for i in range(PROCESSES)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.get()
    while service.metric("headrace_http_connections") < len(requests):
        time.sleep(0.05)
    time.sleep(1)  # the last polls may be on their way still

    def gather():
        got = [ends.get(timeout=120) for _ in processes]
        for process in processes:
            process.join()
        return [each for group, _ in got for each in group], max(cpu for _, cpu in got)
    return gather


def ended_at(text):
    return datetime.fromisoformat(re.search(rb'"ended":"([^"]+)"', text).group(1).decode().replace("Z", "+00:00")).timestamp()


def one_round(service, counts):
    """Seconds from the end to the last byte, for each listener by kind, and of CPU time of the busiest process here."""
    api = Api(service)
    blocker, job = api.job(600_000), api.job(200)
    gather = listen(service, job, counts)
    api.ask("DELETE", f"/v1/jobs/{blocker}")
    got, cpu = gather()
    late = {kind: [] for kind in counts}
    for kind, when, text in got:
        if b'"state":"succeeded"' not in text:
            raise Missed(f"a listener of {kind} was not told of the end: {text[-300:]}")
        if kind == "events":
            states = re.findall(rb"event: state\ndata: [^\n]*\"state\":\"(\w+)\"", text)
            need(states == [b"waiting", b"running", b"succeeded"], f"a listener heard {states}")
        late[kind].append(when - ended_at(text))
    return late, cpu


def measure(counts):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    slowest, middle, busy = [], [], []
    with tempfile.TemporaryDirectory(prefix="headrace-listeners-") as folder:
        engine = f"engine: {{kind: sqlite, path: '{folder}/store'}}\n"
        with Service(QUEUE, "  slots: 2\n", memory=engine) as service:
            for _ in range(ROUNDS):
                late, cpu = one_round(service, counts)
                everyone = [each for kind in late.values() for each in kind]
                slowest.append(max(everyone))
                middle.append(statistics.median(everyone))
                busy.append(cpu)
    text = (f"{sum(counts.values())} listeners on one job, {ROUNDS} rounds: the last one was told {statistics.median(slowest) * 1000:.0f} ms "
            f"after its end (worst {max(slowest) * 1000:.0f}, best {min(slowest) * 1000:.0f}), the middle one "
            f"{statistics.median(middle) * 1000:.0f} ms; receiving took {statistics.median(busy) * 1000:.0f} ms of CPU in each of {PROCESSES} processes")
    need(statistics.median(slowest) <= BAR, text)
    return text


def prove_events(options):
    """Server-sent events: all listeners of a job are told of its end at once."""
    return measure({"events": options.count, "poll": 0})


def prove_polls(options):
    """Long polling: the same."""
    return measure({"events": 0, "poll": options.count})


def prove_both(options):
    """Both at once, as many of each."""
    return measure({"events": options.count, "poll": options.count})


def events_of(service, job, last=None):
    """Status, and (id, state) of each event until the stream ends or has `most`."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": last} if last else {})
    answer = connection.getresponse()
    return answer.status, connection, answer


def all_events(text):
    return [(event, json.loads(data)["state"]) for event, data in re.findall(r"id: (\S+)\nevent: \w+\ndata: ([^\n]*)\n", text)]


def prove_reconnect(_options):
    """Who comes back with Last-Event-ID has missed nothing, wherever it was cut."""
    with Service(QUEUE, "  slots: 2\n") as service:
        api = Api(service)
        blocker, job = api.job(600_000), api.job(300)
        _, connection, answer = events_of(service, job)
        first = all_events(read_events(answer, 1))
        connection.close()
        need([state for _, state in first] == ["waiting"], f"the stream began with {first}")
        api.ask("DELETE", f"/v1/jobs/{blocker}")
        need(api.ask("GET", f"/v1/jobs/{job}", {"Prefer": "wait=30"})[0] == 200, "the job did not end")
        whole = all_events(events_of(service, job)[2].read().decode())
        missed = all_events(events_of(service, job, first[-1][0])[2].read().decode())
        need([state for _, state in missed] == ["running", "succeeded"], f"after 'waiting' came {missed}")
        for known in range(len(missed)):
            rest = events_of(service, job, missed[known][0])
            got = all_events(rest[2].read().decode()) if rest[0] == 200 else []
            need(got == missed[known + 1:], f"after {missed[known]} came {got}")
        need(events_of(service, job, missed[-1][0])[0] == 204, "who knows the end is not told to stay away")
    return f"cut after each event, a listener got the rest and nothing twice; a new one gets {whole}; after the end 204"


def read_events(answer, count):
    """Reads a stream until it has so many events."""
    text = ""
    while text.count("\n\n") < count:
        text += answer.read1(65536).decode()
    return text


PROOFS = {"events": prove_events, "polls": prove_polls, "both": prove_both, "reconnect": prove_reconnect}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="listeners")
    parser.add_argument("proofs", nargs="*", help="default: all of " + ", ".join(PROOFS))
    options = parser.parse_args()
    run_proofs("prove_listeners", PROOFS, options.proofs, options)


if __name__ == "__main__":
    main()
