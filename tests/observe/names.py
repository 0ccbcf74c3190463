"""What the documents, the alerts and the dashboard name, read from their files."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "charts/headrace/files/rules.yaml"
DASHBOARD = ROOT / "charts/headrace/files/dashboard.json"
RUNBOOKS = ROOT / "docs/runbooks"
METRIC = re.compile(r"\b(?:headrace|process)_[a-z_]+\b")


def documented_metrics():
    """The names in the first column of the tables of docs/metrics.md."""
    names = set()
    for line in (ROOT / "docs/metrics.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            names.update(METRIC.findall(line.split("|")[1]))
    return names


def base_name(name):
    """The metric that a series of a histogram belongs to."""
    return re.sub(r"_(bucket|sum|count)$", "", name) if not name.endswith("_total") else name


def alerts():
    """{alert: its text in the file of rules}."""
    parts = re.split(r"^ +- alert: (\w+)$", RULES.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def panels():
    """The panels of the dashboard that show something."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries():
    """(title of the panel, query) of all panels."""
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


def kebab(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
