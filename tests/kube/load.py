"""Clients that post jobs in a closed loop and count everything that is not the job's result as a failure."""

import http.client
import threading
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample.pdf"
TARGET = "/v1/queues/pdf-to-image/jobs?pages=1&dpi=72"


class Load:
    """Use as a context manager. Half of the clients keep their connection as long as the server does, half make one for
    each request. No request is ever tried again."""

    def __init__(self, host, port, clients=4):
        self._address = (host, port)
        self._body = SAMPLE.read_bytes()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, args=(number % 2 == 0,)) for number in range(clients)]
        self._began = time.monotonic()
        self.good = 0
        self.failures = []  # texts: when, and what

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def total(self):
        with self._lock:
            return self.good + len(self.failures)

    def summary(self):
        with self._lock:
            first = f"; the first: {self.failures[0]}" if self.failures else ""
            return f"{self.good} requests answered with 200, {len(self.failures)} failed{first}"

    def _client(self, keeps):
        connection = None
        while not self._ended.is_set():
            connection = connection or http.client.HTTPConnection(*self._address, timeout=60)
            trouble = self._post(connection, keeps)
            with self._lock:
                if trouble:
                    self.failures.append(f"after {time.monotonic() - self._began:.2f} s: {trouble}")
                else:
                    self.good += 1
            if trouble or not keeps:
                connection.close()
                connection = None
            if trouble:
                self._ended.wait(0.1)

    def _post(self, connection, keeps):
        """-> "" or what went wrong."""
        headers = {"Content-Type": "application/pdf"} | ({} if keeps else {"Connection": "close"})
        try:
            connection.request("POST", TARGET, self._body, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        if answer.status == 200 and body.startswith(b"\x89PNG"):
            return ""
        return f"{answer.status}: {body[:200]!r}"
