"""The service's story on one machine: story.py HEADRACE PDF OUT. scripts/prove_arm64 lets an x86-64 and an arm64 machine tell it.

One service that requires the whole sandbox: pages of the PDF as PNG, JPEG and text, a command in namespaces of its own, jobs in
processes, 429 when the queue is full, and a stop with everything answered. The pages are put into the folder OUT. Exits with 0 if
all of it is as it should be.
"""

import concurrent.futures
import http.client
import io
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import tempfile
import zipfile

CONFIG = """
server: {listen: "127.0.0.1:0", slots: 2}
management: {listen: "127.0.0.1:0"}
sandbox: required
shutdown: {drain: 200s}
queues:
  pdf-to-image: {handler: pdf-to-image, workers: 1}
  simulate: {handler: simulate, workers: 1, capacity: 4, deadline: 240s, isolation: {mode: thread}}
  upper: {handler: command, command: [/usr/bin/tr, a-z, A-Z], workers: 1, isolation: {namespaces: required}}
  sneak: {handler: command, command: [/bin/sh, -c, "cat </etc/hosts"], workers: 1, exit_codes: {2: 422}}
"""
PATIENCE = 240  # seconds: an emulated machine is slow
NOBODY = 65534  # a command of root's is refused
AT_ONCE = 12  # more than one worker and four who wait


def need(good, text):
    if not good:
        sys.exit(f"story: MISSED: {text}")


class Service:
    def __init__(self, program, folder):
        config = pathlib.Path(folder, "headrace.yaml")
        config.write_text(CONFIG)
        pathlib.Path(folder).chmod(0o755)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen([program, "serve", "--config", config], stderr=subprocess.PIPE, text=True, **user)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"listening on 127\.0\.0\.1:(\d+) \(jobs\)", line)
            if found:
                self.port = int(found.group(1))
                return
        sys.exit("story: it did not start:\n" + "".join(self.log))

    def post(self, target, body=b"", media_type="application/octet-stream"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", f"/v1/queues/{target}", body, {"Content-Type": media_type})
        answer = connection.getresponse()
        return answer, answer.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, "".join(self.log) + rest


def pages(service, pdf, out):
    for kind, query in {"png": "dpi=72", "jpg": "dpi=72&format=jpeg", "txt": "format=txt"}.items():
        answer, body = service.post(f"pdf-to-image/jobs?{query}", pdf, "application/pdf")
        need(answer.status == 200, f"{query}: {answer.status} {body[:500]}")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            need(archive.testzip() is None, f"{query}: the archive is broken")
            names = archive.namelist()
            for name in names:
                (out / name).write_bytes(archive.read(name))
        print(f"story: {query}: {' '.join(names)}", flush=True)
    answer, body = service.post("pdf-to-image/jobs", b"no PDF", "application/pdf")
    need(answer.status == 422, f"what is no PDF: {answer.status} {body}")


def commands(service):
    answer, body = service.post("upper/jobs", b"from aarch64\n" * 1000)
    need((answer.status, body) == (200, b"FROM AARCH64\n" * 1000), f"tr: {answer.status} {body[:500]}")
    answer, body = service.post("sneak/jobs")
    need(answer.status == 422, f"a command that opens what it was not given: {answer.status} {body[:500]}")
    print("story: a command's answer, and 422 for one that opens what it was not given", flush=True)


def crowd(service):
    """Twelve at a queue of one who works and four who wait."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(lambda _: service.post("simulate/jobs?ms=3000&mode=sleep")[0], range(AT_ONCE)))
    statuses = sorted(answer.status for answer in done)
    refused = [answer for answer in done if answer.status == 429]
    need(set(statuses) == {200, 429} and statuses.count(200) >= 5, f"a full queue: {statuses}")
    need(all(int(answer.headers["Retry-After"]) >= 1 for answer in refused), "a refusal without Retry-After")
    print(f"story: {statuses.count(200)} answers and {len(refused)} times 429", flush=True)


def end(service):
    """A stop while three jobs are there: each is answered."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(service.post, "simulate/jobs?ms=4000&mode=sleep") for _ in range(3)]
        taken = 0
        while taken < 3:  # they are there
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
            connection.request("GET", "/v1/queues/simulate")
            figures = connection.getresponse().read().decode()
            taken = sum(int(count) for count in re.findall(r'"(?:running|waiting)":\s*(\d+)', figures))
        status, log = service.stop()
        statuses = [job.result()[0].status for job in jobs]
    need(status == 0 and statuses == [200, 200, 200], f"a stop: exit status {status}, answers {statuses}\n{log}")
    print("story: stopped with all three answered", flush=True)
    return log


def main():
    program, pdf, out = sys.argv[1], pathlib.Path(sys.argv[2]).read_bytes(), pathlib.Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    print(f"story: on {platform.machine()}, Linux {platform.release()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(program, folder)
        try:
            pages(service, pdf, out)
            commands(service)
            crowd(service)
            end(service)
        finally:
            service.process.kill()
    print("story: all as it should be", flush=True)


if __name__ == "__main__":
    main()
