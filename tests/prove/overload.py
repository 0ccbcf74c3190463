"""Proofs of admission: goodput and latency under ten times the load, and the fate of those sent away."""

import http.client
import math
import multiprocessing
import os
import threading
import time

from service import Missed, Service

QUEUE = "  simulate: {{handler: simulate, workers: {workers}, capacity: {capacity}, expected_run: {run}, isolation: {{mode: thread}}}}\n"


class Client:
    """One keep-alive connection that posts jobs which sleep."""

    def __init__(self, service, milliseconds):
        self._http = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self._target = f"/v1/queues/simulate/jobs?mode=sleep&ms={milliseconds}"

    def post(self):
        """Status and Retry-After."""
        self._http.request("POST", self._target)
        answer = self._http.getresponse()
        answer.read()
        return answer.status, int(answer.headers.get("Retry-After", 0))


def work(port_holder, milliseconds, pause, seconds, count, results):
    """A process of `count` clients in a closed loop; those who are refused come back after `pause`."""
    done, lock = [0], threading.Lock()
    end = time.monotonic() + seconds

    def loop():
        client = Client(port_holder, milliseconds)
        good = 0
        while time.monotonic() < end:
            if client.post()[0] == 200:
                good += 1
            else:
                time.sleep(pause)
        with lock:
            done[0] += good

    threads = [threading.Thread(target=loop) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(done[0])


class Port:
    """What a child process needs to know of the service."""

    def __init__(self, service):
        self.port = service.port


def probe(port, method, target, wanted, seconds, results):
    """p99 in microseconds of one small request every few milliseconds, before all other processes."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        client.request(method, target)
        answer = client.getresponse()
        answer.read()
        if answer.status == wanted:
            times.append(time.perf_counter() - start)
        time.sleep(0.005)
    times.sort()
    results.put(times[math.ceil(0.99 * len(times)) - 1] * 1e6 if times else math.inf)


def measure(service, seconds, clients):
    """Runs the two probes beside `clients` (a function's arguments, or nothing): p99s, and jobs done."""
    live, full, jobs = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=probe, args=(service.management, "GET", "/livez", 200, seconds, live)),
                 multiprocessing.Process(target=probe, args=(service.port, "POST", "/v1/queues/full/jobs?ms=0", 429, seconds, full))]
    if clients:
        processes.append(multiprocessing.Process(target=work, args=(Port(service), *clients, jobs)))
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return live.get(), full.get(), jobs.get() if clients else 0


def prove_overload(options):
    """Ten times the load that the workers carry: 95 % of their capacity, and refusals as quick as ever."""
    workers, capacity, milliseconds = 2, 20, 20
    queues = QUEUE.format(workers=workers, capacity=capacity, run="20ms")
    queues += "  full: {handler: simulate, workers: 1, capacity: 0, isolation: {mode: thread}}\n"
    seconds = max(options.seconds, 5)
    with Service(queues, "  slots: 3\n") as service:
        stop = threading.Event()
        holder = http.client.HTTPConnection("127.0.0.1", service.port, timeout=3600)
        threading.Thread(target=hold, args=(holder, stop), daemon=True).start()
        while service.metric('headrace_jobs_running{queue="full"}') != 1:
            time.sleep(0.01)
        idle_live, idle_full, _ = measure(service, 3, None)
        _, _, carried = measure(service, seconds, (milliseconds, 0.0, seconds, workers + capacity))
        offered = 10 * carried / seconds
        pause = 0.2
        crowd = workers + capacity + round(offered * pause)
        live, full, good = measure(service, seconds, (milliseconds, pause, seconds, crowd))
        stop.set()
        holder.close()
    text = (f"{good / seconds:.0f} of {carried / seconds:.0f} jobs/s ({good / carried:.1%}) under 10x the load; p99 of a 429 "
            f"{full:.0f} us ({full / idle_full:.2f}x of idle), of /livez {live:.0f} us ({live / idle_live:.2f}x)")
    if good < 0.95 * carried or full > 2 * idle_full or live > 2 * idle_live:
        raise Missed(text)
    return text


def hold(connection, stop):
    """Jobs that keep their queue full until the connection is closed."""
    try:
        while not stop.is_set():
            connection.request("POST", "/v1/queues/full/jobs?mode=sleep&ms=50000")
            connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass


def prove_burst(_options):
    """Five times as many clients as places, jobs of 1 s: who honours Retry-After gets in when told."""
    workers, capacity = 10, 20
    count = 5 * (workers + capacity)
    returns, lock = [], threading.Lock()
    with Service(QUEUE.format(workers=workers, capacity=capacity, run="1s"), f"  slots: {workers}\n") as service:

        def arrive():
            client = Client(service, 1000)
            tries = 0
            while True:
                status, retry_after = client.post()
                if status == 200:
                    break
                tries += 1
                time.sleep(retry_after)
            with lock:
                returns.append(tries)

        threads = [threading.Thread(target=arrive) for _ in range(count)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start
    sent_away = [tries for tries in returns if tries]
    at_first = sum(tries == 1 for tries in sent_away) / len(sent_away)
    idle = 1 - count * 1.0 / (workers * took)
    text = (f"{count} clients for {workers + capacity} places: {len(sent_away)} were sent away, {at_first:.0%} of them got in "
            f"at their first return; workers idle {idle:.1%} of {took:.1f} s")
    if at_first < 0.9 or idle > 0.05:
        raise Missed(text)
    return text
