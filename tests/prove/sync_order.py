"""Proof that an acknowledged job is on the disk: which system calls come in which order, by strace."""

import http.client
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from service import Service, need

ALONE, TOGETHER, CLIENTS = 100, 400, 16
QUEUE = "  simulate: {handler: simulate, workers: 2, capacity: 1000, isolation: {mode: thread}}\n"
LINE = re.compile(r"^(\d+) +(\d+\.\d+) (.*)$")
BEGUN = re.compile(r"^(\w+)\((\d+)(?:<([^>]*(?:>\)?)?)>)?(.*)$")


class Call:
    """One system call: when it began and ended, of which descriptor, and how its line goes on."""

    def __init__(self, name, fd, path, text, begun):
        self.name, self.fd, self.path, self.text, self.begun, self.ended = name, fd, path or "", text, begun, None


def calls_of(trace):
    """All calls, in the order in which they began."""
    calls, open_calls = [], {}
    for line in trace.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        thread, at, text = found.group(1), float(found.group(2)), found.group(3)
        if text.startswith("<... "):
            call = open_calls.pop(thread, None)
            if call:
                call.text += text
                call.ended = at
            continue
        begun = BEGUN.match(text)
        if not begun:
            continue
        call = Call(begun.group(1), begun.group(2), begun.group(3), text, at)
        calls.append(call)
        if text.endswith("<unfinished ...>"):
            open_calls[thread] = call
        else:
            took = re.search(r"<(\d+\.\d+)>$", text)
            call.ended = at + float(took.group(1) if took else 0)
    return calls


class Trace:
    """What a service does, as a context manager; `calls` has it afterwards."""

    def __init__(self, pid, file):
        self._pid, self._file = pid, file

    def __enter__(self):
        names = "fdatasync,fsync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"
        self._strace = subprocess.Popen(["strace", "-f", "-ttt", "-T", "-y", "-s", "48", "-e", f"trace={names}", "-o",
                                         self._file, "-p", str(self._pid)], stderr=subprocess.PIPE)
        self._strace.stderr.readline()  # it is attached
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self._strace.terminate()
        self._strace.wait()
        self._strace.stderr.close()
        self.calls = calls_of(self._file.read_text(errors="replace"))


def post(connection, size):
    connection.request("POST", "/v1/queues/simulate/jobs?ms=0", bytes(size), {"Prefer": "respond-async"})
    answer = connection.getresponse()
    body = answer.read()
    need(answer.status == 202, f"a job was answered {answer.status}")
    return json.loads(body)["job_id"]


def alone(port, size):
    """One job after the other, each once the one before has ended and nothing is left to be written."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(ALONE):
        job = post(connection, size)
        connection.request("GET", f"/v1/jobs/{job}", headers={"Prefer": "wait=30"})
        connection.getresponse().read()
    connection.close()


def together(port):
    def work():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(TOGETHER // CLIENTS):
            post(connection, 100)
        connection.close()
    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def log_syncs(calls):
    return [call for call in calls if call.name == "fdatasync" and call.path.endswith("-wal") and call.ended]


def uncovered(calls):
    """Acknowledgements without a sync of the log that began after their request was read and ended before they left."""
    asked, covered, bare = {}, 0, 0
    syncs = log_syncs(calls)
    for call in calls:
        if call.name in ("read", "recvfrom", "recvmsg") and "POST /v1" in call.text:
            asked[call.fd] = call.ended or call.begun
        elif call.name in ("write", "writev", "sendto", "sendmsg") and "HTTP/1.1 202" in call.text:
            since = asked.pop(call.fd, None)
            need(since is not None, "an acknowledgement without a request: the trace cannot be read")
            if any(since <= sync.begun and sync.ended <= call.begun for sync in syncs):
                covered += 1
            else:
                bare += 1
    return covered, bare


def traced(size, load):
    with tempfile.TemporaryDirectory(prefix="headrace-syncs-") as name:
        folder = Path(name)
        with Service(QUEUE, memory=f"engine: {{kind: sqlite, path: '{folder}/store'}}\n") as service:
            with Trace(service.process.pid, folder / "trace") as trace:
                load(service.port)
            return trace.calls


def prove_syncs(_options):
    """No 202 leaves before the sync of the log that has its job, nor a file's name before its bytes."""
    need(shutil.which("strace"), "strace is missing: run 'scripts/deps apt test'")
    texts = []
    for title, count, load in (("alone", ALONE, lambda port: alone(port, 100)),
                               ("alone with 200 kB", ALONE, lambda port: alone(port, 200_000)),
                               (f"by {CLIENTS} at once", TOGETHER, together)):
        calls = traced(0, load)
        covered, bare = uncovered(calls)
        syncs = log_syncs(calls)
        files = [call for call in calls if call.name == "fdatasync" and "/bodies/" in call.path]
        folders = [call for call in calls if call.name == "fsync" and call.path.endswith("/bodies")]
        text = f"{covered} jobs {title}: {len(syncs)} syncs of the log, {len(files)} of files, {len(folders)} of their folder"
        need(bare == 0 and covered == count, f"{text}; {bare} acknowledged without one")
        if "alone" in title:  # its insertion and its end
            need(len(syncs) >= 2 * count, text)
        if "kB" in title:
            need(len(files) >= count and len(folders) >= count, text)
        texts.append(text)
    return "each acknowledged after a sync that began after its request: " + "; ".join(texts)
