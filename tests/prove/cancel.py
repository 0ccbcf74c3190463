"""Proof of cancelling: a hundred running jobs end at once, by whatever ends them."""

import http.client
import re
import socket
import threading
import time

from processes import alive, argument, await_true, descendants, environment, seconds_until_gone
from service import Missed, Service, need

COUNT = 100
GRACE = 0.5  # seconds, of the commands
WAYS = ("disconnect", "delete", "deadline")
PDF = ("  doomed: {{handler: pdf-to-image, workers: {count}, capacity: 0, deadline: {deadline}s, "
       "isolation: {{memory: 128MiB, cpu: 600s, parallel: false}}}}\n")
# One that goes at SIGTERM, one that has to be killed.
COMMANDS = {
    "obeys": '["/bin/sleep", "600"]',
    "ignores": '["/bin/sh", "-c", "trap \'\' TERM; while :; do /bin/sleep 600; done"]',
}
COMMAND = ("  doomed: {{handler: command, command: {command}, grace: {grace}ms, workers: {count}, capacity: 0, "
           "deadline: {deadline}s, isolation: {{memory: 128MiB, allow_root: true}}}}\n")


class Waiter:
    """A client with one running job."""

    def __init__(self, port, body):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.sendall(b"POST /v1/queues/doomed/jobs?%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
                            b"Accept: multipart/mixed\r\n\r\n" % (b"dpi=300" if body else b"", len(body)) + body)

    def job_id(self):
        """Of a job whose parts are streamed: the head of its answer is there with the first one."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(4096)
        return re.search(rb"job-id: (\S+)", head, re.I).group(1).decode()

    def status(self):
        data = self.socket.recv(4096)
        return int(data.split()[1]) if data else 0


def delete(port, job):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("DELETE", f"/v1/jobs/{job}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    need(answer.status == 200, f"DELETE: {answer.status}")


def at_once(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def busy(service):
    return service.metric('headrace_workers{queue="doomed",state="busy"}')


def cancel(service, way, waiters, jobs, deadline, begun):
    """Ends all jobs; returns the instant from which their end is counted."""
    if way == "disconnect":
        at_once([waiter.socket.close for waiter in waiters])
    elif way == "delete":
        at_once([lambda job=job: delete(service.port, job) for job in jobs])
    else:
        time.sleep(max(0, begun + deadline - time.monotonic()))
    return time.monotonic()


def run(queue, way, body, job_ids, still_there, begun_jobs):
    """Seconds from the cancel of all jobs to the end of the last process of theirs."""
    # The jobs begin over some time, and so do their deadlines pass; the last one's counts.
    deadline = 20 if way == "deadline" else 600
    with Service(queue.format(count=COUNT, deadline=deadline, grace=int(GRACE * 1000)),
                 server=f"  slots: {COUNT}\n") as service:
        await_true(lambda: len(descendants(service.process.pid)) > COUNT)
        waiters = [Waiter(service.port, body) for _ in range(COUNT)]
        begun = time.monotonic()
        need(await_true(lambda: busy(service) == COUNT, 60), "the jobs did not begin")
        # A worker is busy a little before its job has a process.
        need(await_true(lambda: begun_jobs(service) >= COUNT, 60), f"{begun_jobs(service)} jobs have a process")
        jobs = job_ids(service, waiters) if way == "delete" else []
        doomed = still_there(service)
        cancel(service, way, waiters, jobs, deadline, begun)
        took = seconds_until_gone(doomed, 30)
        need(took is not None, f"{way}: {len(alive(doomed))} processes are left")
        need(await_true(lambda: busy(service) == 0), f"{way}: slots are not free again")
        for waiter in waiters:
            waiter.socket.close()
    return took


def executors_at_work(service):
    """Those that left their zygote's process group are lent to a job. The zygote began first, which its number
    does not tell: those begin again at some time."""
    own = {pid for pid in descendants(service.process.pid) if leads_its_group(pid)}
    return own - {min(own, key=began)} if own else own


def began(pid):
    """In ticks since the machine did."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return int(stat.read().rpartition(")")[2].split()[19])
    except OSError:
        return float("inf")


def leads_its_group(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return int(stat.read().rpartition(")")[2].split()[2]) == pid
    except OSError:
        return False


def programs(service):
    return {pid for pid in descendants(service.process.pid) if argument(pid).startswith("/bin/")}


def ids_of_programs(service, _=None):
    """A job may have several processes, and each of them its job's id."""
    return {environment(pid).get("HEADRACE_JOB_ID") for pid in programs(service)} - {None}


def prove_cancel(options):
    """100 running jobs cancelled by disconnect, DELETE and deadline, built-in and commands."""
    many = (options.corpus / "normal/many-1000p.pdf").read_bytes()
    texts, missed = [], False
    for way in WAYS:
        took = run(PDF, way, many, lambda _, waiters: [waiter.job_id() for waiter in waiters], executors_at_work,
                   lambda service: len(executors_at_work(service)))
        missed |= took > 0.1
        texts.append(f"pdf by {way} {took * 1000:.0f} ms")
    for kind, command in COMMANDS.items():
        for way in WAYS:
            queue = COMMAND.replace("{command}", command.replace("{", "{{").replace("}", "}}"))
            took = run(queue, way, b"", ids_of_programs, programs, lambda service: len(ids_of_programs(service)))
            missed |= took > (GRACE if kind == "ignores" else 0) + 0.1
            texts.append(f"command that {kind} by {way} {took * 1000:.0f} ms")
    text = f"{COUNT} at once, to the last process's end: " + ", ".join(texts) + f" (grace {GRACE * 1000:.0f} ms)"
    if missed:
        raise Missed(text)
    return text
