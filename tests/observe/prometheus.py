"""A real Prometheus over the real services, with the alerts of the chart in which a minute is a second."""

import json
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from headrace import free_port, wait_for

SECONDS_OF = {"m": 1, "h": 60, "d": 1440}


def shortened(rules):
    """The rules with every duration, of windows and of `for`, divided by 60; nothing else is changed."""
    def seconds(match):
        return f"{match.group(1)}{int(match.group(2)) * SECONDS_OF[match.group(3)]}s"

    return re.sub(r"(\[|\bfor: )(\d+)([mhd])\b", seconds, rules)


class Prometheus:
    """A context manager. `jobs` are names and the management ports of their one target."""

    def __init__(self, rules, jobs):
        self._folder = tempfile.TemporaryDirectory(prefix="prometheus-")
        self.dir = Path(self._folder.name)
        self.port = free_port()
        self.rules = self.dir / "rules.yaml"
        self.rules.write_text(shortened(Path(rules).read_text(encoding="utf-8")), encoding="utf-8")
        targets = "".join(f"  - job_name: {name}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
                          for name, port in jobs.items())
        (self.dir / "prometheus.yml").write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\n"
            f"rule_files: ['{self.rules}']\nscrape_configs:\n{targets}", encoding="utf-8")

    def __enter__(self):
        with open(self.dir / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.dir}/prometheus.yml", f"--storage.tsdb.path={self.dir}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--query.lookback-delta=5s", "--log.level=warn"],
                stdout=log, stderr=log)
        if not wait_for(self._ready):
            self.__exit__()
            raise AssertionError("Prometheus did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self._folder.cleanup()

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]

    def firing(self):
        """The labels of all alerts that fire now."""
        return [alert["labels"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]

    def rule_problems(self):
        """What Prometheus says of rules that it could not evaluate."""
        return [f"{rule['name']}: {rule['lastError']}" for group in self.ask("rules")["groups"]
                for rule in group["rules"] if rule.get("lastError")]

    def recent(self, query):
        """The values of a query over the last seconds."""
        now = time.time()
        return self.values(query, now - 10, now)

    def values(self, query, start, end):
        """All values of a query over a time that are numbers."""
        data = self.ask("query_range", query=query, start=start, end=end, step=1)
        return [float(value) for series in data["result"] for _, value in series["values"] if value != "NaN"]
