"""The new service's worker: the same work, as a program that headrace starts (protocol: frames)."""

import headrace_worker
import task


def handle(job):
    try:
        answer = task.work(bytes(job.payload), int(job.params["top"]))
    except ValueError as problem:
        raise headrace_worker.BadPayload(str(problem)) from None
    job.add_part("words.json", "application/json", answer)


headrace_worker.run(handle)
