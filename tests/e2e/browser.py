"""A headless Chromium driven over WebDriver (https://www.w3.org/TR/webdriver2/), standard library only."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """A context manager; `downloads` is where files go that the browser does not show."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="headrace-browser-")
        self.downloads = os.path.join(self.dir.name, "downloads")
        os.mkdir(self.downloads)
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self._await_driver()
        options = {
            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", "--no-proxy-server",
                     "--user-data-dir=" + os.path.join(self.dir.name, "profile")],
            "prefs": {"download.default_directory": self.downloads, "download.prompt_for_download": False},
        }
        answer = self._call("POST", "/session",
                            {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.session = "/session/" + answer["sessionId"]

    def _await_driver(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("chromedriver did not start")

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        value = json.loads(answer.read())["value"]
        connection.close()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {value}")
        return value

    def open(self, url):
        self._call("POST", self.session + "/url", {"url": url})

    def url(self):
        return self._call("GET", self.session + "/url")

    def title(self):
        return self._call("GET", self.session + "/title")

    def find(self, css):
        found = self._call("POST", self.session + "/element", {"using": "css selector", "value": css})
        return self.session + "/element/" + found[ELEMENT]

    def type(self, css, text):
        self._call("POST", self.find(css) + "/value", {"text": text})

    def click(self, css):
        self._call("POST", self.find(css) + "/click", {})

    def text(self, css):
        return self._call("GET", self.find(css) + "/text")

    def property(self, css, name):
        return self._call("GET", self.find(css) + "/property/" + name)

    def screenshot(self):
        """A PNG in base64."""
        return self._call("GET", self.session + "/screenshot")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(30)
            self.dir.cleanup()
