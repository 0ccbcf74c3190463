"""A container of the image as the checks of it run one: hardened, on the host's network, gone at the end."""

import http.client
import json
import os
import socket
import subprocess
import time

HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
SLOW = int(os.environ.get("SLOW", "1"))  # how many times slower than usual this machine is: an emulated one


class Missed(Exception):
    """What does not hold; the text says it."""


def need(good, text):
    if not good:
        raise Missed(text)


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Container:
    """Use as a context manager; it is ready then. `options` are of `docker run`, `environment` is added to the service's."""

    def __init__(self, image, options=(), environment=None, wait=True):
        self.port, self.management = free_port(), free_port()
        variables = {"HEADRACE_SERVER_LISTEN": f"127.0.0.1:{self.port}",
                     "HEADRACE_MANAGEMENT_LISTEN": f"127.0.0.1:{self.management}", **(environment or {})}
        self._command = ["run", "-d", *HARDENED, "--user", "65532:65532", "--network", "host", *options]
        for name, value in variables.items():
            self._command += ["-e", f"{name}={value}"]
        self._command.append(image)
        self._wait = wait
        self.id = None

    def __enter__(self):
        self.begun = time.time()
        self.id = docker(*self._command)
        if self._wait:
            self.await_ready()
        return self

    def __exit__(self, *_):
        subprocess.run(["docker", "rm", "-f", self.id], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def inspect(self, template):
        return docker("inspect", "-f", template, self.id)

    def logs(self):
        return subprocess.run(["docker", "logs", self.id], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True).stdout

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.management, timeout=5 * SLOW)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def await_ready(self):
        until = time.time() + 20 * SLOW
        while not self.is_ready():
            if self.inspect("{{.State.Running}}") != "true" or time.time() > until:
                raise Missed(f"the container did not become ready: {self.logs()[-2000:]}")
            time.sleep(0.005)

    def queues(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10 * SLOW)
        connection.request("GET", "/v1/queues")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer
