"""A worker for a queue of headrace with `handler: command` and `protocol: frames`, in Python.

This file is all of it: copy it beside your program. It needs Python 3.9 and nothing else.

    import headrace_worker

    def load():                       # once, before the first job: the model, say
        ...

    def handle(job):                  # once for each job, one after the other
        job.add_part("answer.txt", "text/plain", b"...")

    headrace_worker.run(handle, warm=load)

What `handle` raises is how the job fails: BadPayload is the client's fault, Retry asks the client to
come again, anything else is the worker's fault, with its traceback in headrace's log. What is printed
goes to that log as well, with the job's id. The protocol is described in docs/handlers.md of headrace.
"""

import json
import os
import re
import struct
import sys
import threading
import time
import traceback

__all__ = ["BadPayload", "Job", "Retry", "run"]

_VERSION = 1
_READY, _JOB, _PART, _PROGRESS, _DONE, _FAILURE = 1, 2, 3, 4, 5, 6
_HEADER = struct.Struct("<IBBH")  # length of the body, type, 0, jobs: 1
_LONGEST_FRAME = 0xFFFFFFFF
_LONGEST_HINT = 1024
_LONGEST_DETAIL = 4096
_PART_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[ -.0-~]+/[ -~]+", re.ASCII)


class BadPayload(Exception):
    """The payload, or its combination with the parameters, is at fault: 422. The client reads the text."""


class Retry(Exception):
    """The job may be done at another time: 503 with Retry-After. The client reads the text."""


class _Connection:
    """The socket to headrace. Whole frames out, from any thread."""

    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)  # programs that the handler starts do not keep it open
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def read(self, size):
        """Exactly so many bytes; None if headrace has closed the connection."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = os.readv(self._descriptor, [view])
            if count == 0:
                return None
            view = view[count:]
        return data

    def send(self, kind, *pieces):
        size = sum(len(piece) for piece in pieces)
        with self._lock:
            self._write(memoryview(_HEADER.pack(size, kind, 0, 1) + b"".join(pieces[:-1])))
            if pieces:
                self._write(memoryview(pieces[-1]))

    def _write(self, view):
        while view:
            view = view[os.write(self._descriptor, view):]


class Job:
    """What is to be done.

    id, queue    the job's id and the name of its queue
    params       its parameters, name -> text; headrace has checked them
    payload      the body that the client sent: a read-only memoryview, which compares and decodes like
                 bytes (`bytes(job.payload)` where a library insists on them)
    media_type   the payload's as the client named it, or ""
    deadline     the instant of time.monotonic() after which nobody wants the result
    attempt      1, or more if the job was begun before
    traceparent  W3C Trace Context of the job, or ""
    tracestate   what its client's tracing adds to it, or ""
    """

    def __init__(self, connection, head, payload):
        self.id = head["id"]
        self.queue = head["queue"]
        self.params = head["params"]
        self.payload = payload
        self.media_type = head["media_type"]
        self.deadline = time.monotonic() + head["deadline_ms"] / 1000
        self.attempt = head["attempt"]
        self.traceparent = head["traceparent"]
        self.tracestate = head["tracestate"]
        self._connection = connection

    def progress(self, done, total):
        """Tells whoever watches the job that `done` of `total` steps are done."""
        total = max(int(total), 1)
        self._send(_PROGRESS, struct.pack("<II", min(max(int(done), 0), total), total))

    def add_part(self, name, media_type, data):
        """Adds a part to the result. `name` is a plain file name; `data` is bytes, or text to be sent
        as UTF-8. It is on its way when this returns."""
        if not _PART_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a part: letters, digits, '.', '_' and '-'")
        if len(media_type) > 127 or not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(f"{media_type!r} is no media type")
        data = memoryview(data.encode() if isinstance(data, str) else data).cast("B")
        if len(data) > _LONGEST_FRAME - 1024:
            raise ValueError("a part is at most 4 GiB long")
        names = [struct.pack("<H", len(text)) + text.encode() for text in (name, media_type)]
        self._send(_PART, *names, data)

    def _send(self, kind, *pieces):
        connection = self._connection
        if connection is None:
            raise RuntimeError("this job has ended")
        connection.send(kind, *pieces)

    def _end(self):
        self._connection = None


def _cut(text, size):
    """At most `size` bytes of the text's UTF-8, no character halved."""
    data = text.encode("utf-8", "replace")
    return data[:size].decode("utf-8", "ignore").encode()


def _fail(connection, status, hint, detail):
    hint = _cut(hint, _LONGEST_HINT)
    connection.send(_FAILURE, struct.pack("<HH", status, len(hint)), hint, _cut(detail, _LONGEST_DETAIL))


def _do(connection, handler, job):
    """Runs the handler; a job has one end, sent last of all."""
    try:
        handler(job)
        end = None
    except BadPayload as error:
        end = 422, str(error), ""
    except Retry as error:
        end = 503, str(error), ""
    except Exception as error:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        end = 500, "", f"{type(error).__name__}: {error}"
    job._end()  # pylint: disable=protected-access
    sys.stdout.flush()  # what was printed belongs to this job
    sys.stderr.flush()
    if end is None:
        connection.send(_DONE)
    else:
        _fail(connection, *end)


def _next_job(connection):
    header = connection.read(_HEADER.size)
    if header is None:
        return None
    size, kind, _, count = _HEADER.unpack(header)
    if kind != _JOB or count != 1:
        raise RuntimeError(f"headrace sent a frame of type {kind} for {count} jobs")
    body = connection.read(size)
    if body is None:
        return None
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4:4 + length])
    return Job(connection, head, memoryview(body).toreadonly()[4 + length:])


def run(handler, warm=None):
    """Calls `warm()`, says that the worker is ready, and calls `handler(job)` for one job after the
    other. Returns when headrace wants no more. An exception of `warm` ends the program."""
    descriptor = os.environ.pop("HEADRACE_FD", None)
    if descriptor is None:
        sys.exit("this program does the jobs of a queue of headrace, which starts it (protocol: frames)")
    connection = _Connection(int(descriptor))
    if warm is not None:
        warm()
    connection.send(_READY, struct.pack("<I", _VERSION))
    while (job := _next_job(connection)) is not None:
        _do(connection, handler, job)
        del job  # its payload need not wait for the next one
