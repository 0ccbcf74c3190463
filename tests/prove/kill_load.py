"""Clients of a service that is killed again and again, and the book of what they were told."""

import hashlib
import http.client
import json
import random
import threading
import time
import uuid
from datetime import datetime

from service import Missed

ENDS = ("succeeded", "failed", "cancelled", "expired")
SIZES = (0, 1, 100, 10_000, 65_536, 65_537, 300_000, 1 << 20)
ASYNC = {"Prefer": "respond-async"}


def payload_of(token, size):
    """The bytes that a job with this token has."""
    block = hashlib.sha256(token.encode()).digest() * 2048  # 64 KiB
    return (block * (size // len(block) + 1))[:size]


class Job:
    """One that the service has acknowledged, and what it has told of it."""

    def __init__(self, work):
        self.work = work
        self.state = None      # the end that was told
        self.by_delete = False  # DELETE was sent, whether it was answered or not
        self.attempts = 0
        self.problem = ""


class Work:
    """What a client wants done; it may ask for it more than once."""

    def __init__(self, hook):
        self.queue = random.choices(("simulate", "echo", "stubborn"), (50, 10, 1))[0]
        self.token = uuid.uuid4().hex
        self.size = random.choices(SIZES, (4, 4, 4, 4, 1, 1, 1, 1))[0]
        self.key = uuid.uuid4().hex if random.random() < 0.4 else None
        self.hook = hook if random.random() < 0.1 else None
        self.milliseconds = random.choice((0, 0, 1, 5, 30, 300))
        self.ids = []  # jobs that it was acknowledged as

    def path(self):
        query = f"?ms={self.milliseconds}&mode=sleep&token={self.token}" if self.queue == "simulate" else ""
        return f"/v1/queues/{self.queue}/jobs{query}"

    def fields(self):
        fields = dict(ASYNC)
        if self.key:
            fields["Idempotency-Key"] = self.key
        if self.hook:
            fields["Webhook-Url"] = self.hook
        return fields

    def is_result(self, body):
        """Whether these are the bytes that the handler must have given."""
        if self.queue != "simulate":
            return body == payload_of(self.token, self.size)
        told = json.loads(body)
        return told["token"] == self.token and told["payload_bytes"] == self.size


class Book:
    """What was told to all clients together. Thread-safe; the first contradiction is kept."""

    def __init__(self):
        self.lock = threading.Lock()
        self.jobs = {}
        self.keyed = []  # works with a key
        self.counts = dict.fromkeys(("submits", "acknowledged", "cancels", "results", "statuses", "again"), 0)
        self.refused = {}
        self.wrong = None
        self.earliest = self.latest = None  # when jobs were created, by the service's clock

    def blame(self, text):
        with self.lock:
            self.wrong = self.wrong or text

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def acknowledge(self, work, job_id):
        with self.lock:
            if job_id not in self.jobs:
                self.jobs[job_id] = Job(work)
                self.counts["acknowledged"] += 1
            if job_id not in work.ids:
                work.ids.append(job_id)
            if self.jobs[job_id].work is not work:
                self.wrong = self.wrong or f"{job_id} is another's job"
            # A key leads to another job only when the one before gave it free.
            for other in work.ids:
                job = self.jobs[other]
                if other != job_id and not job.by_delete and job.state in (None, "succeeded"):
                    self.wrong = self.wrong or f"key of {other} ({job.state}) led to {job_id} too"

    def tell(self, job_id, status):
        """A status that a client was given."""
        state = status["state"]
        created = datetime.fromisoformat(status["created"].replace("Z", "+00:00"))
        with self.lock:
            self.earliest, self.latest = min(self.earliest or created, created), max(self.latest or created, created)
            job = self.jobs[job_id]
            job.attempts = max(job.attempts, status["attempt"])
            if state in ENDS:
                if job.state not in (None, state):
                    self.wrong = self.wrong or f"{job_id} was told as {job.state}, then as {state}"
                job.state = state
                job.problem = status.get("error", {}).get("type", "")
            elif job.state is not None:
                self.wrong = self.wrong or f"{job_id} was told as {job.state}, then as {state}"

    def some(self):
        with self.lock:
            return random.choice(list(self.jobs.items())) if self.jobs else (None, None)

    def some_young(self):
        """A job that may not have ended: one of the last, of any queue or of the one that takes its time."""
        with self.lock:
            jobs = list(self.jobs.items())
        if random.random() < 0.5:
            jobs = [(job_id, job) for job_id, job in jobs if job.work.queue == "stubborn" and job.state is None]
        return random.choice(jobs[-20:]) if jobs else (None, None)


class Client(threading.Thread):
    """Works until it is stopped, only while the gate is open; waits for the service when it is gone."""

    def __init__(self, book, port, hook, gate, stop):
        super().__init__(daemon=True)
        self._book, self._port, self._hook, self._gate, self._stop_event = book, port, hook, gate, stop
        self._http = None

    def run(self):
        acts = (self.submit, self.repeat, self.cancel, self.look, self.fetch)
        while not self._stop_event.is_set():
            if not self._gate.wait(0.1):
                continue
            try:
                random.choices(acts, (10, 1, 1, 3, 2))[0]()
            except (OSError, http.client.HTTPException):
                self._http = None
                time.sleep(0.002)
            except Exception as error:  # a client that has gone wrong must not look like a proof
                self._book.blame(f"a client failed: {error!r}")
                raise

    def ask(self, method, path, body=None, fields=None):
        if self._http is None:
            self._http = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            self._http.request(method, path, body, fields or {})
            answer = self._http.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            self._http.close()
            self._http = None
            raise

    def submit(self):
        work = Work(self._hook)
        if work.key:
            with self._book.lock:
                self._book.keyed.append(work)
        self._book.count("submits")
        self.send(work)

    def repeat(self):
        with self._book.lock:
            work = random.choice(self._book.keyed[-200:]) if self._book.keyed else None
        if work:
            self._book.count("again")
            self.send(work)

    def send(self, work):
        answer, body = self.ask("POST", work.path(), payload_of(work.token, work.size), work.fields())
        if answer.status == 202:
            status = json.loads(body)
            self._book.acknowledge(work, status["job_id"])
            self._book.tell(status["job_id"], status)
        elif answer.headers.get("Job-Id") and work.ids:  # it has ended: this is its outcome
            job = answer.headers["Job-Id"]
            self._book.acknowledge(work, job)
            if answer.status == 200 and not work.is_result(body):
                self._book.blame(f"{job}: its key gave another's result")
        elif answer.status in (429, 503):
            with self._book.lock:
                self._book.refused[answer.status] = self._book.refused.get(answer.status, 0) + 1
            time.sleep(0.05)
        elif not answer.headers.get("Job-Id"):
            self._book.blame(f"a submit was answered {answer.status}: {body[:200]}")

    def cancel(self):
        job_id, job = self._book.some_young()
        if job is None:
            return
        job.by_delete = True
        answer, body = self.ask("DELETE", f"/v1/jobs/{job_id}")
        self._book.count("cancels")
        if answer.status == 200:
            self._book.tell(job_id, json.loads(body))
        elif answer.status != 503:
            self._book.blame(f"DELETE of {job_id} was answered {answer.status}: {body[:200]}")

    def look(self):
        job_id, _ = self._book.some()
        if job_id:
            self._book.count("statuses")
            look_at(self.ask, self._book, job_id)

    def fetch(self):
        job_id, job = self._book.some()
        if job is not None and job.state == "succeeded":
            self._book.count("results")
            fetch(self.ask, self._book, job_id)


def look_at(ask, book, job_id, fields=None):
    """Asks for a job's status, and writes it into the book."""
    answer, body = ask("GET", f"/v1/jobs/{job_id}", None, fields)
    if answer.status == 200:
        book.tell(job_id, json.loads(body))
    elif answer.status != 503:
        book.blame(f"{job_id}: its status was answered {answer.status}: {body[:200]}")


def fetch(ask, book, job_id):
    """Asks for the result of a job that has succeeded."""
    answer, body = ask("GET", f"/v1/jobs/{job_id}/result")
    job = book.jobs[job_id]
    if answer.status in (200, 204):
        if not job.work.is_result(body):
            book.blame(f"{job_id}: {len(body)} bytes are not its result")
    elif answer.status == 410 and job.by_delete:
        return
    elif answer.status != 503:
        book.blame(f"{job_id}: its result was answered {answer.status}: {body[:200]}")


def check(book):
    if book.wrong:
        raise Missed(book.wrong)
