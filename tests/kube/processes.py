"""Programs of a cluster as children of this process: started with a log each, awaited, stopped in reverse order."""

import signal
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path


class Broken(Exception):
    """Something of the cluster does not work; the text has the end of the log."""


def wait_for(what, check, seconds=60):
    """Calls `check` until it is true; its exceptions OSError and CalledProcessError mean "not yet"."""
    end = time.monotonic() + seconds
    reason = ""
    while time.monotonic() < end:
        try:
            answer = check()
            if answer:
                return answer
        except (OSError, subprocess.CalledProcessError) as error:
            reason = f" ({getattr(error, 'stderr', None) or error})"
        time.sleep(0.1)
    raise Broken(f"{what}: not within {seconds} s{reason}")


def answers(url, context=None):
    """Whether `url` answers 200; raises OSError if it answers anything else or nothing."""
    with urllib.request.urlopen(url, timeout=2, context=context) as reply:
        return reply.status == 200


def unchecked():
    """A TLS context for the probes of servers whose certificate is not the matter."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Processes:
    """The programs, in the order in which they were started; `stop` ends the last one first."""

    def __init__(self, logs):
        self._logs = Path(logs)
        self._logs.mkdir(parents=True, exist_ok=True)
        self._running = []

    def start(self, name, command, ready_url=None, seconds=60, **options):
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output,
                                       stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self._running.append((name, process))
        if ready_url:
            self.ready(name, process, ready_url, seconds)
        return process

    def ready(self, name, process, url, seconds):
        context = unchecked()

        def up():
            if process.poll() is not None:
                raise Broken(f"{name} ended with {process.returncode}:\n{self.tail(name)}")
            return answers(url, context)

        try:
            wait_for(name, up, seconds)
        except Broken as error:
            raise Broken(f"{error}\n{self.tail(name)}") from None

    def tail(self, name, lines=15):
        text = (self._logs / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, seconds=20):
        for name, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._running.clear()
