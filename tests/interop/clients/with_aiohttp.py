#!/usr/bin/env python3
"""usage: with_aiohttp.py BASE REQUESTS LARGE_FILE LARGE_BYTES     exit 0: every answer was right"""

import asyncio
import sys

import aiohttp

OCTETS = {"Content-Type": "application/octet-stream"}


async def chunks(path):
    with open(path, "rb") as file:
        while some := file.read(100_000):
            yield some


async def small(session, jobs, i, gate):
    async with gate, session.post(jobs, params={"ms": "0", "token": f"aiohttp-{i}"}, data=b"y" * (i % 50),
                                  headers=OCTETS) as answer:
        said = await answer.json()
        assert answer.status == 200 and said["token"] == f"aiohttp-{i}", said
        assert said["payload_bytes"] == i % 50, said


async def upload(session, jobs, body, size):
    async with session.post(jobs, params={"ms": "0"}, data=body, headers=OCTETS, expect100=True) as answer:
        said = await answer.json()
        assert answer.status == 200 and said["payload_bytes"] == size, said


async def main():
    base, count, large, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    jobs = f"{base}/v1/queues/simulate/jobs"
    async with aiohttp.ClientSession() as session:
        gate = asyncio.Semaphore(20)
        await asyncio.gather(*(small(session, jobs, i, gate) for i in range(count)))
        with open(large, "rb") as file:
            await upload(session, jobs, file, size)
        await upload(session, jobs, chunks(large), size)


asyncio.run(main())
