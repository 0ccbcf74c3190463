"""What makes each alert fire, and what makes it resolve again. Each cause works on a service of its own or on a
queue of its own, so that all of them can go on at once."""

import http.client
import http.server
import json
import os
import resource
import signal
import subprocess
import threading
from pathlib import Path

from headrace import Headrace, Load, wait_for

MIB = 1 << 20
QUIET = "  quiet: {handler: simulate, workers: 1, capacity: 9, isolation: {mode: thread}}\n"
COMMAND = "isolation: {memory: 128MiB, allow_root: true}"
READY = r"printf '\004\000\000\000\001\000\001\000\001\000\000\000' >&3; cat <&3"  # a worker's first frame
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" + "\n"


class Receiver:
    """Takes webhooks at /told; whoever calls /gone gets 410, after which nobody comes again."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200 if self.path == "/told" else 410)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Work:
    """Queues that are full, slow, and whose programs crash, beside a quiet one and a real handler."""

    alerts = [("HeadraceQueueSaturated", "full"), ("HeadraceJobsRejected", "full"), ("HeadraceMostJobsRejected", "full"),
              ("HeadraceWaitOverObjective", "slow"), ("HeadraceJobsExpire", "slow"), ("HeadraceServerErrors", None),
              ("HeadraceExecutorsDying", "crash"), ("HeadraceExecutorsUnavailable", "broken"),
              ("HeadraceSandboxKills", "pdf-to-image"), ("HeadraceWebhooksGivenUp", None)]
    queues = f"""\
  quiet: {{handler: simulate, workers: 1, capacity: 10, isolation: {{mode: thread}}}}
  full: {{handler: simulate, workers: 1, capacity: 4, isolation: {{mode: thread}}}}
  slow: {{handler: simulate, workers: 1, capacity: 20, deadline: 3s, isolation: {{mode: thread}}}}
  pdf-to-image: {{handler: pdf-to-image, workers: 1, isolation: {{memory: 512MiB}}}}
  crash: {{handler: command, command: [sh, -c, 'kill -SEGV $$'], workers: 1, {COMMAND}}}
  broken: {{handler: command, command: [sh, '{{dir}}/worker'], protocol: frames, workers: 1,
           isolation: {{memory: 128MiB, allow_root: true, readable: ['{{dir}}']}}}}
"""

    def __init__(self, program, files):
        self._receiver = Receiver()
        self.service = Headrace(program, self.queues, "webhooks: {allow_hosts: [127.0.0.1], allow_private: true, "
                                "allow_http: true, secrets_file: '{dir}/secrets'}\n", server="slots: 4")
        secrets = self.service.dir / "secrets"
        secrets.write_text(SECRET, encoding="utf-8")
        secrets.chmod(0o600)
        (self.service.dir / "worker").write_text("exit 1", encoding="utf-8")
        self._document = (Path(files) / "sample.pdf").read_bytes()
        self._loads = []

    def begin(self, _):
        post = self.service.post
        self._loads = [
            Load(1, lambda: post("quiet", query="ms=5")),
            Load(8, lambda: post("full", query="ms=300&mode=sleep")),
            Load(8, lambda: post("slow", query="ms=1000&mode=sleep")),
            Load(1, lambda: post("crash"), pause=0.3),
            Load(1, lambda: self.service.call("GET", "/nowhere"), pause=0.5),
            Load(1, lambda: self._tell("/gone"), pause=0.5),
            Load(1, lambda: self._tell("/told"), pause=0.5),
            Load(1, self._break_a_page, pause=1),
        ]

    def _tell(self, path):
        self.service.post("quiet", query="ms=5", Prefer="respond-async", Webhook_Url=self._receiver.url + path)

    def _break_a_page(self):
        """Ends the executor of a page as the kernel ends one that makes a forbidden call."""
        client = threading.Thread(target=self.service.post, args=("pdf-to-image", self._document, "dpi=600"))
        client.start()
        busy = wait_for(self._busiest_executor, 10, 0.01)
        if busy:
            os.kill(busy, signal.SIGSYS)
        client.join()

    def _busiest_executor(self):
        """The process id of an executor that draws, by its CPU time; None while there is none."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                name, _, fields = (folder / "stat").read_text().rpartition(")")
                fields = fields.split()
                if "headrace-pdf" in name and int(fields[1]) == self.service.process.pid and int(fields[11]) > 10:
                    return int(folder.name)
            except OSError:
                continue  # it has ended
        return None

    def end(self):
        for load in self._loads:
            load.stop()
        (self.service.dir / "worker").write_text(READY, encoding="utf-8")

    def close(self):
        self._receiver.close()


class Bare:
    """A system without Landlock, a budget that a waiting payload fills, few descriptors, and a log that nobody reads."""

    alerts = [("HeadraceSandboxLayerMissing", None), ("HeadraceMemoryBudget", None), ("HeadraceDescriptorsLow", None),
              ("HeadraceLogLinesDropped", None)]
    queues = f"""\
  sleep: {{handler: simulate, workers: 1, capacity: 4, deadline: 15m, isolation: {{mode: thread}}}}
  chatter: {{handler: command, command: [sh, -c, 'yes | head -c 64000 >&2'], workers: 1, {COMMAND}}}
"""

    def __init__(self, program, without_layer):
        self._reader, self._writer = os.pipe()
        self.service = Headrace(program, self.queues, "memory: {budget: 4MiB, spool_dir: ''}\n", server="max_body: 4MiB",
                                command=(without_layer, "landlock"), stderr=self._writer)
        self._held = None
        self._load = None

    def begin(self, _):
        self._limits(lambda open_now, limit: open_now + 10)
        self._held = http.client.HTTPConnection("127.0.0.1", self.service.port)
        self._held.request("POST", "/v1/queues/sleep/jobs?ms=600000&mode=sleep", b"x" * (15 * MIB // 4))
        self._load = Load(1, lambda: self.service.post("chatter"), pause=0.1)

    def _limits(self, choose):
        pid = self.service.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        open_now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(choose(open_now, hard), hard), hard))

    def end(self):
        self._load.stop()
        self._held.close()  # a client that hangs up cancels its job
        self._limits(lambda open_now, limit: limit)
        os.set_blocking(self._reader, False)
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self):
        while True:
            try:
                if not os.read(self._reader, MIB):
                    return
            except BlockingIOError:
                if wait_for(lambda: self.service.process.poll() is not None, 0.2):
                    return

    def close(self):
        os.close(self._reader)
        os.close(self._writer)


class Durable:
    """Kept jobs on a disk that takes no byte: no file of the process may grow any more."""

    alerts = [("HeadraceEngineDown", None), ("HeadraceEngineErrors", None), ("HeadraceNotReady", None),
              ("HeadraceUnavailable", None)]

    def __init__(self, program):
        # Without restored signals SIGXFSZ stays ignored, as in Python, and the write fails instead.
        self.service = Headrace(program, QUIET, "engine: {kind: sqlite, path: '{dir}/store'}\n", restore_signals=False)
        self._load = None

    def begin(self, _):
        self._limit_files(1)
        self._load = Load(1, lambda: self.service.post("quiet", b"x", "ms=0", Prefer="respond-async"), pause=0.3)

    def _limit_files(self, size):
        _, hard = resource.prlimit(self.service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.service.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def end(self):
        self._load.stop()
        self._limit_files(resource.RLIM_INFINITY)

    def close(self):
        pass


class Spooled:
    """Results on a disk with room for one of them."""

    alerts = [("HeadraceSpoolNearlyFull", None), ("HeadraceSpoolErrors", None)]

    def __init__(self, program):
        self.service = Headrace(program, f"  echo: {{handler: command, command: [cat], workers: 1, {COMMAND}}}\n",
                                "memory: {budget: 3MiB, spool_dir: '{dir}', max_spool: 2200KiB}\n",
                                server="max_body: 3MiB")
        self._kept = None
        self._load = None

    def begin(self, _):
        status, body = self.service.post("echo", b"x" * (2 * MIB), Prefer="respond-async")
        assert status == 202, body
        self._kept = json.loads(body)["links"]["self"]
        self._load = Load(1, lambda: self.service.post("echo", b"x" * (2 * MIB)), pause=1)

    def end(self):
        self._load.stop()
        self.service.call("DELETE", self._kept)

    def close(self):
        pass


class Deaf:
    """A handler that goes on with a job that nobody wants any more."""

    alerts = [("HeadraceWorkersOverdue", "deaf")]

    def __init__(self, program):
        self.service = Headrace(program, "  deaf: {handler: deaf, workers: 1, deadline: 500ms, "
                                "isolation: {mode: thread}}\n")

    def begin(self, _):
        self.service.post("deaf", query="ms=25000")  # 504 at once, and the worker sleeps on

    def end(self):
        pass

    def close(self):
        pass


class Restless:
    """A process that is killed again and again, and at last stays away for a while."""

    alerts = [("HeadraceRestarts", None), ("HeadraceInstanceDown", None)]

    def __init__(self, program):
        self.service = Headrace(program, QUIET)

    def begin(self, prometheus):
        for _ in range(3):
            self.service.kill()
            self.service.start()
            started = self.service.scrape().partition("\nprocess_start_time_seconds ")[2].split()[0]
            wait_for(lambda value=float(started): value in prometheus.recent("process_start_time_seconds"))
        wait_for(lambda: any(alert["alertname"] == "HeadraceRestarts" for alert in prometheus.firing()))
        self.service.kill()

    def end(self):
        self.service.start()

    def close(self):
        pass


class Secure:
    """A certificate that is good for a day, and a configuration with a mistake."""

    alerts = [("HeadraceCertificateExpiresSoon", None), ("HeadraceCertificateExpires", None),
              ("HeadraceReloadRefused", None)]

    def __init__(self, program):
        self.service = Headrace(program, QUIET, server="tls: {certificate: '{dir}/cert.pem', key: '{dir}/key.pem'}")
        self._certify(days=1)

    def _certify(self, days):
        folder = self.service.dir
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-days", str(days), "-keyout", folder / "key.pem",
                        "-out", folder / "cert.pem"], check=True, capture_output=True)

    def begin(self, _):
        self.service.write_config("queues: [")
        self.service.process.send_signal(signal.SIGHUP)

    def end(self):
        self._certify(days=365)
        self.service.write_config()
        self.service.process.send_signal(signal.SIGHUP)

    def close(self):
        pass
