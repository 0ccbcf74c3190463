"""Uploads of 64 MB from many clients at once: flood.py URL... Each client reads an answer, also one that is refused at once."""

import http.client
import sys
import threading
import urllib.parse
from collections import Counter

from container import SLOW

SIZE = 64 << 20
CLIENTS = 8  # of each address
ROUNDS = 3
PIECE = b"\xa5" * 65536


def upload(url):
    """The status of the answer, or what became of the connection instead."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300 * SLOW)
    try:
        connection.putrequest("POST", parts.path)
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", str(SIZE))
        connection.endheaders()
        try:
            for _ in range(SIZE // len(PIECE)):
                connection.send(PIECE)
        except OSError:  # the answer has come before the end
            pass
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def main():
    answers = Counter()
    lock = threading.Lock()

    def client(url):
        for _ in range(ROUNDS):
            answer = upload(url)
            with lock:
                answers[answer] += 1

    threads = [threading.Thread(target=client, args=(url,)) for url in sys.argv[1:] for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("uploads of 64 MB: " + ", ".join(f"{count} times {answer}" for answer, count in sorted(answers.items())))
    lost = [answer for answer in answers if not answer.isdigit()]
    sys.exit(f"flood: uploads without an answer: {', '.join(lost)}" if lost else 0)


if __name__ == "__main__":
    main()
