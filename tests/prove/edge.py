#!/usr/bin/env python3
"""Proofs of the HTTP edge under load, each against the real service; see scripts/prove_edge.

usage: edge.py [--seconds S] [PROOF...]      exit 0: every bar is met
"""

import argparse
import os
import resource
import select
import socket
import statistics
import threading
import time

from overload import prove_burst, prove_overload
from service import Service, head, need, read_answer, read_answers, run_proofs, wrk

NOOP = "/v1/queues/simulate/jobs?ms=0"
SIMULATE = "  simulate: {handler: simulate, workers: 2, capacity: 1000, isolation: {mode: thread}}\n"
ONE_PLACE = "  simulate: {handler: simulate, workers: 1, capacity: 0, isolation: {mode: thread}}\n"


def prove_idle(options):
    """10,000 connections that idle after large requests at 6 KiB each; then 1,000 new ones a second, none refused."""
    # The service takes connections for half of its descriptors, and inherits their limit from here.
    count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 500)
    with Service(SIMULATE) as service:
        wrk(service, NOOP, 1)
        before = service.status("VmRSS")
        clients = [service.connect() for _ in range(count)]
        for client in clients:  # they have been in use: what that took must be given back
            client.sendall(head("GET", "/v1/queues", "X-Filler: " + "x" * 12_000) * 4)
            answers = read_answers(client, 4)
            need([status for status, _ in answers] == [200] * 4, f"an idle connection was answered {len(answers)} times")
        each = (service.status("VmRSS") - before) / count
        refused = opened = 0
        start = time.monotonic()
        while time.monotonic() - start < options.seconds:
            refused += not answers_a_newcomer(service)
            opened += 1
            time.sleep(max(0, start + opened / 1000 - time.monotonic()))
        rate = opened / (time.monotonic() - start)
        for client in clients:
            client.close()
    text = f"{each:.0f} bytes for each of {count} idle connections; {rate:.0f} new ones/s beside, {refused} refused"
    need(each <= 6 * 1024 and refused == 0, text)
    return text


def answers_a_newcomer(service):
    try:
        with service.connect() as client:
            client.sendall(head("GET", "/v1/queues/simulate", "Connection: close"))
            return read_answer(client)[0] == 200
    except OSError:
        return False


PAGES = 60  # answers that a slow reader asks for: far more than the kernel's buffers hold


def slow_clients(service, readers, senders, dribblers):
    """Connections that take and send 10 bytes a second, and some that send a chunk a byte at a time."""
    clients = []
    for i in range(readers + senders + dribblers):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", service.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if i < readers:
            client.send(head("GET", "/") * PAGES)
        elif i < readers + senders:
            client.sendall(head("POST", NOOP, "Content-Length: 1000000"))
        else:
            client.sendall(head("POST", NOOP, "Transfer-Encoding: chunked"))
        client.setblocking(False)
        clients.append(client)
    return clients


def dribble(clients, readers, senders, stop):
    """Ten bytes a second to or from each, evenly spread over the second; the last ones byte by byte."""
    chunk = b"4\r\nabcd\r\n"
    turn, start = 0, time.monotonic()
    while not stop.wait(max(0, start + turn / 200 - time.monotonic())):
        for client in clients[readers + senders + turn % 20::20]:
            tolerant(client.send, chunk[turn // 20 % len(chunk):][:1])
        for client in clients[turn % 200:readers:200]:
            tolerant(client.recv, 10)
        for client in clients[readers + turn % 200:readers + senders:200]:
            tolerant(client.send, bytes(10))
        turn += 1


def tolerant(call, argument):
    try:
        call(argument)
    except OSError:
        pass  # not ready, or cut


def settled(service):
    """Waits until the service has nothing to do any more but wait for slow clients."""
    spent = service.cpu_seconds()
    for _ in range(100):
        time.sleep(0.2)
        before, spent = spent, service.cpu_seconds()
        if spent - before <= 0.02:
            return


def prove_slow(_options):
    """2,000 slow readers, 2,000 slow senders, 200 dribblers: no harm to others, and cut in the end."""
    readers, senders, dribblers = 2000, 2000, 200
    server = "  body_timeout: 15s\n  write_timeout: 15s\n  idle_timeout: 60s\n"
    alone, beside = [], []
    os.environ["BENCH_DELAY"] = "10"  # a normal load: 1,500 requests a second, not all that the machine can
    with Service(SIMULATE, server) as service:
        wrk(service, NOOP, 1)
        for _ in range(3):
            alone.append(wrk(service, NOOP, 5)[1])
            clients = slow_clients(service, readers, senders, dribblers)
            settled(service)
            stop = threading.Event()
            thread = threading.Thread(target=dribble, args=(clients, readers, senders, stop))
            thread.start()
            need(service.metric("headrace_http_connections") >= len(clients), "the slow ones were not all there")
            beside.append(wrk(service, NOOP, 5)[1])
            deadline = time.monotonic() + 60
            while service.metric("headrace_http_connections") > 0 and time.monotonic() < deadline:
                time.sleep(0.2)
            left = service.metric("headrace_http_connections")
            stop.set()
            thread.join()
            for client in clients:
                client.close()
    del os.environ["BENCH_DELAY"]
    ratio = statistics.median(beside) / statistics.median(alone)
    text = (f"p99 of a normal load {statistics.median(alone):.0f} us alone, {statistics.median(beside):.0f} us beside "
            f"{len(clients)} slow clients ({ratio:.2f}x); {left:.0f} of them left uncut")
    need(ratio <= 1.5 and left == 0, text)
    return text


def send_until_told(client, most):
    """Sends zeros until an answer is there; returns how many."""
    sent, block = 0, bytes(1 << 16)
    client.setblocking(False)
    while sent < most:
        readable, writable, _ = select.select([client], [client], [], 30)
        if readable:
            break
        if writable:
            sent += client.send(block)
    client.setblocking(True)
    return sent


def prove_refuse(_options):
    """A full queue and an upload of 1 GiB: 429 at once, with and without Expect."""
    with Service(ONE_PLACE, "  max_body: 2GiB\n", "memory: {budget: 4GiB}\n") as service:
        with service.connect() as busy:
            busy.sendall(head("POST", "/v1/queues/simulate/jobs?mode=sleep&ms=20000"))
            while service.metric('headrace_jobs_running{queue="simulate"}') != 1:
                time.sleep(0.01)
            with service.connect() as asking:
                asking.sendall(head("POST", NOOP, "Content-Length: 1073741824", "Expect: 100-continue"))
                start = time.monotonic()
                need(read_answer(asking)[0] == 429, "no 429 for an upload that asked")
                waited = time.monotonic() - start
            with service.connect() as sending:
                sending.sendall(head("POST", NOOP, "Content-Length: 1073741824"))
                sent = send_until_told(sending, 1 << 30)
                sent += send_more(sending, 1 << 22)
                need(read_answer(sending)[0] == 429, "no whole 429 for an upload that went on sending")
    return f"429 after {waited * 1e3:.1f} ms with Expect; without, read whole after {sent >> 10} KiB had been sent"


def send_more(client, most):
    """As a client that does not look at what comes back."""
    sent = 0
    while sent < most:
        sent += client.send(bytes(1 << 16))
    return sent


def prove_uploads(_options):
    """500 uploads at 1 KiB/s: memory within the budget, a small job beside them under 1 s."""
    budget = 64 << 20
    with Service(SIMULATE, "  body_timeout: 60s\n", "memory: {budget: 64MiB}\n") as service:
        wrk(service, NOOP, 1)
        before = service.memory()
        clients = []
        for _ in range(500):
            client = service.connect()
            client.sendall(head("POST", NOOP, "Content-Length: 100000"))
            clients.append(client)
        worst = 0.0
        for _ in range(5):
            for client in clients:
                client.sendall(bytes(1024))
            with service.connect() as small:
                start = time.monotonic()
                small.sendall(head("POST", NOOP, "Content-Length: 5") + b"hello")
                need(read_answer(small)[0] == 200, "a small job was refused beside slow uploads")
                worst = max(worst, time.monotonic() - start)
            time.sleep(0.8)
        grown = service.memory() - before
        charged = service.metric('headrace_memory_bytes{use="uploads"}')
        for client in clients:
            client.close()
    text = f"500 uploads hold {grown / 1e6:.1f} MB ({charged / 1e6:.1f} MB charged); a small job took {worst * 1e3:.0f} ms"
    need(worst < 1 and grown <= budget and charged <= budget, text)
    return text


def prove_upload(_options):
    """One upload of 64 MB: 1.1x its size in all, 10 % of it in the heap, 0.1 s of CPU."""
    size = 64 * 1000 * 1000
    block = bytes(1 << 20)
    cpu, total, heap = [], [], []
    with Service(SIMULATE, "", "memory: {budget: 512MiB}\n") as service:
        wrk(service, NOOP, 1)
        for _ in range(5):
            heap_before, before = service.status("RssAnon"), service.memory()
            spent = service.cpu_seconds()
            with service.connect() as client:
                client.sendall(head("POST", NOOP, f"Content-Length: {size}"))
                sent = 0
                while sent < size - 1:
                    sent += client.send(block[:min(len(block), size - 1 - sent)])
                while service.memfd_bytes() < size - (1 << 20):  # all of it has come
                    time.sleep(0.01)
                total.append((service.memory() - before) / size)
                heap.append((service.status("RssAnon") - heap_before) / size)
                client.sendall(b"x")
                need(read_answer(client)[0] == 200, "the upload was refused")
            cpu.append(service.cpu_seconds() - spent)
    text = (f"64 MB uploaded: {statistics.median(total):.3f}x its size held in all, {statistics.median(heap):.3f}x "
            f"in the heap, {statistics.median(cpu):.3f} s of CPU")
    need(max(total) <= 1.1 and max(heap) <= 0.1 and statistics.median(cpu) <= 0.1, text)
    return text


PROOFS = {"idle": prove_idle, "slow": prove_slow, "refuse": prove_refuse, "uploads": prove_uploads,
          "upload": prove_upload, "overload": prove_overload, "burst": prove_burst}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10, help="of new connections")
    parser.add_argument("proofs", nargs="*", help="default: all of " + ", ".join(PROOFS))
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run_proofs("prove_edge", PROOFS, options.proofs, options)


if __name__ == "__main__":
    main()
