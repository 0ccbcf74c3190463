"""The old service: FastAPI, a thread-safe queue, worker threads, and a future that the endpoint awaits.

    pip install fastapi uvicorn prometheus_client
    QUEUE_SIZE=10 WORKERS=1 uvicorn before:app --port 9000
"""

import asyncio
import os
import queue
import threading
import time

from fastapi import FastAPI, HTTPException, Request, Response
from prometheus_client import Gauge, make_asgi_app

import task

jobs = queue.Queue(maxsize=int(os.environ.get("QUEUE_SIZE", "10")))
done, spent = 0, 0.0
LENGTH = Gauge("queue_length", "Jobs that wait")
LAST = Gauge("job_duration_seconds", "Duration of the last job")
MEAN = Gauge("job_mean_duration_seconds", "Mean duration since the start")
LENGTH.set_function(jobs.qsize)


def settle(future, result, error):
    if future.done():
        return  # the client may have gone
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)


def worker():
    global done, spent
    while True:
        loop, future, data = jobs.get()
        begin, result, error = time.monotonic(), None, None
        try:
            result = task.work(data)
        except Exception as problem:
            error = problem
        duration = time.monotonic() - begin
        done, spent = done + 1, spent + duration
        LAST.set(duration)
        MEAN.set(spent / done)
        loop.call_soon_threadsafe(settle, future, result, error)


for _ in range(int(os.environ.get("WORKERS", "1"))):
    threading.Thread(target=worker, daemon=True).start()

app = FastAPI()
app.mount("/metrics", make_asgi_app())


@app.post("/put")
async def put(request: Request):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    try:
        jobs.put_nowait((loop, future, await request.body()))
    except queue.Full:
        raise HTTPException(429, "queue full")
    try:
        return Response(await future, media_type="application/json")
    except ValueError as problem:
        raise HTTPException(422, str(problem))


@app.get("/health")
async def health():
    return {"status": "ok"}
