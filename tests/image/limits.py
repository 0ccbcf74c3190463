"""What the service makes of a container's limits: limits.py IMAGE. Slots by --cpus, the memory plan by --memory."""

import os
import re
import subprocess
import sys

from container import Container, Missed, docker, need

CORES = len(os.sched_getaffinity(0))


def first_line(container):
    return next(line for line in container.logs().splitlines() if " slots (" in line)


def slots(image):
    for cpus, wanted in (("0.5", 1), ("1.5", 1), ("2", 2)):
        if float(cpus) > CORES:
            print(f"--cpus {cpus}: left out, the machine has {CORES} cores")
            continue
        with Container(image, ["--cpus", cpus, "--memory", "2g"]) as container:
            line = first_line(container)
            need(f": {wanted} slots (" in line, f"--cpus {cpus}: {wanted} slots wanted: {line}")
            need(float(cpus) == CORES or f"quota is {cpus}" in line, f"--cpus {cpus}: the quota is not named: {line}")
            print(f"--cpus {cpus}: {line.partition(' info ')[2]}")


def memory(image):
    for limit in ("1g", "2g"):
        with Container(image, ["--memory", limit]) as container:
            line = first_line(container)
            size = {"1g": "1GiB", "2g": "2GiB"}[limit]
            need(re.search(rf"memory limit (1024MiB|2048MiB|{size})", line), f"--memory {limit}: {line}")
            print(f"--memory {limit}: {line.partition(' info ')[2]}")


def refusal(image):
    with Container(image, ["--memory", "128m"], wait=False) as container:
        code = docker("wait", container.id)
        text = container.logs()
        need(code != "0" and "memory does not suffice" in text and "= " in text, f"--memory 128m was not refused: {text}")
        print(f"--memory 128m: exit code {code}: {text.strip().splitlines()[-1].partition(' error ')[2]}")


def main():
    try:
        slots(sys.argv[1])
        memory(sys.argv[1])
        refusal(sys.argv[1])
    except (Missed, subprocess.CalledProcessError) as error:
        sys.exit(f"limits: MISSED: {error}")


if __name__ == "__main__":
    main()
