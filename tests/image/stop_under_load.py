"""`docker stop` under load: stop_under_load.py IMAGE. Every request that a client could send gets an answer, 200 or 503.

Three kinds of clients: some keep their connection, some make one for each job, some upload a PDF and want its pages. After
the stop a new connection is refused, which is no lost request; a connection that was taken and ends without an answer is one.
"""

import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from container import SLOW, Container, Missed, need

PDF = (Path(__file__).resolve().parent.parent / "data/sample.pdf").read_bytes()
CLIENTS = 12  # of each kind


class Load:
    def __init__(self, port):
        self._port = port
        self._lock = threading.Lock()
        self.answers = Counter()
        self.lost = []
        self.refused = 0
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in ("kept", "new", "pdf") for _ in range(CLIENTS)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join()

    def total(self):
        with self._lock:
            return sum(self.answers.values())

    def _count(self, kind, status):
        with self._lock:
            self.answers[f"{kind} {status}"] += 1

    def _run(self, kind):
        path, body = ("/v1/queues/pdf-to-image/jobs?pages=1", PDF) if kind == "pdf" else ("/v1/queues/simulate/jobs?ms=20", b"")
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30 * SLOW)
            try:
                connection.connect()
            except OSError:  # the listener is closed
                with self._lock:
                    self.refused += 1
                return
            done = []  # statuses of the answers on this connection
            try:
                self._talk(connection, kind, path, body, done)
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.lost.append(f"{kind}, request {len(done) + 1} of its connection: {type(error).__name__}: {error}")
            finally:
                connection.close()

    def _talk(self, connection, kind, path, body, done):
        """Jobs on one connection until the service wants it closed, or one job only."""
        while True:
            connection.request("POST", path, body, {"Content-Type": "application/pdf"} if body else {})
            answer = connection.getresponse()
            answer.read()
            self._count(kind, answer.status)
            done.append(answer.status)
            if kind == "new" or answer.getheader("Connection", "").lower() == "close":
                return


def stop(image):
    environment = {"HEADRACE_QUEUES_SIMULATE_CAPACITY": "1000", "HEADRACE_SHUTDOWN_DRAIN": f"{8 * SLOW}s",
                   "HEADRACE_QUEUES_SIMULATE_DEADLINE": f"{60 * SLOW}s", "HEADRACE_QUEUES_PDF_TO_IMAGE_DEADLINE": f"{60 * SLOW}s"}
    with Container(image, ["--memory", "1g"], environment) as container:
        load = Load(container.port)
        load.start()
        while load.total() < 20 * CLIENTS:
            time.sleep(0.01)
        begun = time.monotonic()
        subprocess.run(["docker", "stop", "-t", str(10 * SLOW), container.id], check=True, stdout=subprocess.DEVNULL)
        took = time.monotonic() - begun
        load.join()
        code = container.inspect("{{.State.ExitCode}}")
        statuses = {answer.split()[1] for answer in load.answers}
        figures = ", ".join(f"{count} times {answer}" for answer, count in sorted(load.answers.items()))
        need(not load.lost, f"{len(load.lost)} requests got no answer, such as {load.lost[0] if load.lost else ''}; {figures}")
        need(statuses <= {"200", "503"}, f"answers that are neither 200 nor 503: {figures}")
        need(code == "0", f"exit code {code}: {container.logs()[-1000:]}")
        return f"{figures}; none without an answer; stopped after {took:.1f} s, exit code 0"


def main():
    try:
        print(f"docker stop under load: {stop(sys.argv[1])}")
    except Missed as error:
        sys.exit(f"docker stop under load: MISSED: {error}")


if __name__ == "__main__":
    main()
