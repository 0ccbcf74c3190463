"""The names of Services for pods: dnsmasq, told once a second what the API server has (enough for tests)."""

import json
import shutil
import signal
import subprocess
import threading

from control_plane import NODE_ADDRESS


class ClusterDns:
    def __init__(self, plane):
        self._plane = plane
        self._hosts = plane.work / "services.hosts"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._server = None

    def start(self):
        self._hosts.write_text("")
        self._server = self._plane.processes.start("dnsmasq", [
            shutil.which("dnsmasq"), "--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root",
            f"--addn-hosts={self._hosts}", f"--listen-address={NODE_ADDRESS}", "--bind-interfaces",
            "--local=/cluster.local/", "--pid-file="])
        self._thread.start()

    def stop(self):
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self):
        while not self._ended.wait(1):
            try:
                services = json.loads(self._plane.kubectl("get", "services", "--all-namespaces", "-o", "json"))["items"]
            except subprocess.CalledProcessError:
                continue
            lines = sorted(f'{service["spec"]["clusterIP"]} {service["metadata"]["name"]}.'
                           f'{service["metadata"]["namespace"]}.svc.cluster.local\n'
                           for service in services if service["spec"].get("clusterIP") not in (None, "", "None"))
            if "".join(lines) != self._hosts.read_text():
                self._hosts.write_text("".join(lines))
                self._server.send_signal(signal.SIGHUP)
