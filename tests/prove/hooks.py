"""A webhooks' receiver that checks each signature and remembers what it was told."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import random
import threading


class Hooks:
    """Use as a context manager. Refuses a twentieth of what comes, which must come again."""

    def __init__(self):
        self._key = os.urandom(32)
        self._lock = threading.Lock()
        self.told = {}  # job: set of (webhook-id, state)
        self.calls = self.bad = 0
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(hooks.take(self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # its client was killed
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/told"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def secret(self):
        return "whsec_" + base64.b64encode(self._key).decode()

    def take(self, headers, body):
        """Status of the answer."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        with self._lock:
            self.calls += 1
            if not hmac.compare_digest(right, headers["webhook-signature"]):
                self.bad += 1
                return 400
            if random.random() < 0.05:
                return 503
            data = json.loads(body)["data"]
            self.told.setdefault(data["job_id"], set()).add((headers["webhook-id"], data["state"]))
        return 200
