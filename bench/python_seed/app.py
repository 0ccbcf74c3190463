"""The seed's design in Python, as a yardstick: a bounded thread queue behind FastAPI.

A POST to /simulate enqueues (future, seconds) and awaits the future; worker threads take jobs from the
queue and set the result from their thread. A full queue answers 429 at once. This is how a careful
Python service of this kind is written; nothing in it is slowed down on purpose. Settings come from
the environment: WORKERS (1), CAPACITY (64).
"""

import asyncio
import os
import queue
import threading
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse

WORKERS = int(os.environ.get("WORKERS", "1"))
CAPACITY = int(os.environ.get("CAPACITY", "64"))

jobs: queue.Queue = queue.Queue(maxsize=CAPACITY)
_STOP = object()


def burn(seconds: float) -> float:
    """Keeps a core busy for `seconds` of wall time; returns the CPU seconds it took."""
    start = time.thread_time()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return time.thread_time() - start


def settle(future: asyncio.Future, value: dict) -> None:
    if not future.done():  # the client may have gone
        future.set_result(value)


def work() -> None:
    while (job := jobs.get()) is not _STOP:
        loop, future, seconds = job
        cpu = burn(seconds) if seconds > 0 else 0.0
        loop.call_soon_threadsafe(settle, future, {"ms": seconds * 1000, "cpu_seconds": cpu})


@asynccontextmanager
async def lifespan(_: FastAPI):
    threads = [threading.Thread(target=work, name=f"worker-{i}") for i in range(WORKERS)]
    for thread in threads:
        thread.start()
    yield
    for _ in threads:
        jobs.put(_STOP)
    for thread in threads:
        thread.join()


app = FastAPI(lifespan=lifespan)


@app.post("/simulate")
async def simulate(ms: float = 3000.0):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    try:
        jobs.put_nowait((loop, future, ms / 1000))
    except queue.Full:
        return JSONResponse({"title": "queue full"}, status_code=429, headers={"Retry-After": "1"})
    return await future


@app.get("/livez")
async def livez():
    return PlainTextResponse("ok\n")
