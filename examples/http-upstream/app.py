"""An HTTP app that can take only two requests at once, like a model server with two copies of its model.

POST /predict with a text answers its most frequent words as JSON. A third request at the same time
breaks it: 500. It uses the standard library alone. usage: app.py [PORT]
"""

import collections
import http.server
import json
import re
import sys
import threading
import time

MOST_AT_ONCE = 2
SECONDS_PER_REQUEST = 0.1  # what the "model" takes


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    places = threading.Semaphore(MOST_AT_ONCE)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.places.acquire(blocking=False):
            return self.answer(500, "text/plain", b"more requests at once than this app can take\n")
        try:
            self.predict(body)
        finally:
            self.places.release()

    def predict(self, body):
        try:
            words = re.findall(r"\w+", body.decode("utf-8").lower())
        except UnicodeDecodeError:
            problem = {"title": "not a text", "detail": "send a text in UTF-8"}
            return self.answer(422, "application/problem+json", json.dumps(problem).encode())
        time.sleep(SECONDS_PER_REQUEST)
        top = collections.Counter(words).most_common(3)
        self.answer(200, "application/json", json.dumps({"words": len(words), "top": top}).encode() + b"\n")

    def answer(self, status, media_type, body):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), App)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
