"""A receiver that verifies webhooks with the convention's own library for Python, which is installed into
HOME_FOLDER and kept there. Exit status 77 if the package index cannot be reached.

usage: webhook_test.py TELLER_PROGRAM HOME_FOLDER
"""

import base64
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pinned  # pylint: disable=wrong-import-position

TELLER = os.path.abspath(sys.argv[1])
HOME = pathlib.Path(sys.argv[2]).resolve()
REQUIREMENT = ("standardwebhooks==1.1.0 "
               "--hash=sha256:9a88d48a1f198be61517fc7ad328cf58ba02b73f0fbd8941d4213e9c0b6c2a61\n")


def import_library():
    """The library alone, without anything else that may be installed beside it."""
    sys.path[:0] = [str(path) for path in HOME.glob("lib/python3*/site-packages")]
    import standardwebhooks  # pylint: disable=import-outside-toplevel
    return standardwebhooks


def new_secret(size):
    return "whsec_" + base64.b64encode(os.urandom(size)).decode()


class Receiver(http.server.BaseHTTPRequestHandler):
    answers = []
    requests = []

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((dict(self.headers.items()), body))
        self.send_response(self.answers.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class WebhookTest(unittest.TestCase):
    def tell(self, secrets, answers):
        """The requests that a receiver gets which answers so."""
        Receiver.answers, Receiver.requests = list(answers), []
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server, \
                tempfile.NamedTemporaryFile("w") as file:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            file.write("# for a test\n" + "".join(secret + "\n" for secret in secrets))
            file.flush()
            done = subprocess.run([TELLER, f"http://127.0.0.1:{server.server_port}/hook", file.name],
                                  capture_output=True, text=True, timeout=60, check=False)
            server.shutdown()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1:]), (0, ["sent=1"]), done.stdout + done.stderr)
        return Receiver.requests

    def test_the_conventions_own_library_accepts_what_is_sent(self):
        secret = new_secret(32)
        (headers, body), = self.tell([secret], [204])
        event = LIBRARY.Webhook(secret).verify(body, headers)
        self.assertEqual(event["type"], "job.succeeded")
        self.assertEqual(event["data"]["job_id"], "01JTELLER")
        part, = event["data"]["result"]["parts"]
        self.assertEqual(part["name"], "grüß.txt")
        self.assertEqual(base64.b64decode(part["base64"]), b"any\0bytes\xff")

    def test_each_of_several_secrets_is_enough(self):
        secrets = [new_secret(24), new_secret(64), new_secret(33)]
        (headers, body), = self.tell(secrets, [200])
        for secret in secrets:
            LIBRARY.Webhook(secret).verify(body, headers)

    def test_nothing_else_is_accepted(self):
        secret = new_secret(32)
        (headers, body), = self.tell([secret], [200])
        wrong = [(new_secret(32), body, headers),
                 (secret, body.replace(b"succeeded", b"failed"), headers),
                 (secret, body, {**headers, "webhook-id": "msg_other"}),
                 (secret, body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)})]
        for other, text, fields in wrong:
            with self.assertRaises(LIBRARY.WebhookVerificationError):
                LIBRARY.Webhook(other).verify(text, fields)

    def test_every_attempt_has_the_same_id_and_is_signed_anew(self):
        secret = new_secret(32)
        requests = self.tell([secret], [500, 302, 429, 200])
        self.assertEqual([headers["webhook-id"] for headers, _ in requests], ["msg_01JTELLER"] * 4)
        for headers, body in requests:
            LIBRARY.Webhook(secret).verify(body, headers)


if __name__ == "__main__":
    pinned.install(HOME, REQUIREMENT)
    LIBRARY = import_library()
    unittest.main(argv=sys.argv[:1])
