#!/usr/bin/env python3
"""usage: with_requests.py BASE REQUESTS LARGE_FILE LARGE_BYTES     exit 0: every answer was right"""

import sys

import requests


def chunks(path):
    with open(path, "rb") as file:
        while some := file.read(100_000):
            yield some


def main():
    base, count, large, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    jobs = f"{base}/v1/queues/simulate/jobs"
    octets = {"Content-Type": "application/octet-stream"}
    with requests.Session() as session:
        for i in range(count):
            token = f"requests-{i} äöü&="
            # A body of its own every other time, with and without a length.
            body = (b"x" * i, None, iter([b"x" * 7] * 3))[i % 3]
            sent = (i, 0, 21)[i % 3]
            answer = session.post(jobs, params={"ms": 0, "token": token}, data=body, headers=octets if body else {})
            answer.raise_for_status()
            assert answer.json()["token"] == token, answer.text
            assert answer.json()["payload_bytes"] == sent, answer.text
        with open(large, "rb") as file:
            assert session.post(f"{jobs}?ms=0", data=file, headers=octets).json()["payload_bytes"] == size
        assert session.post(f"{jobs}?ms=0", data=chunks(large), headers=octets).json()["payload_bytes"] == size
        with open(large, "rb") as file:
            answer = session.post(jobs, files={"file": ("ä.bin", file)}, data={"ms": "0", "token": "form"})
            assert answer.json()["payload_bytes"] == size and answer.json()["token"] == "form", answer.text


main()
