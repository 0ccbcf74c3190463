"""The dashboard, the alerts, their runbooks and the list of metrics agree with each other.

usage: documents_test.py
"""

import json
import re
import subprocess
import sys
import unittest

from names import DASHBOARD, METRIC, ROOT, RUNBOOKS, alerts, base_name, documented_metrics, kebab, panels

SECTIONS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation", "## Silence")


class Dashboard(unittest.TestCase):
    def test_is_what_its_script_writes(self):
        subprocess.run([sys.executable, ROOT / "scripts/dashboard", "--check"], check=True)

    def test_has_the_variables_that_others_rely_on(self):
        board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        variables = {variable["name"]: variable["type"] for variable in board["templating"]["list"]}
        self.assertEqual(variables, {"datasource": "datasource", "namespace": "query", "job": "query", "queue": "query"})
        self.assertGreaterEqual(board["schemaVersion"], 38)

    def test_says_of_each_panel_what_is_good_and_what_to_do(self):
        for panel in panels():
            with self.subTest(panel["title"]):
                self.assertGreater(len(panel["description"]), 60)
                self.assertRegex(panel["description"], r"[Gg]ood|Two lines|say little|Else|: ")

    def test_gives_each_panel_a_unit_a_datasource_and_a_place_of_its_own(self):
        places = set()
        for panel in panels():
            with self.subTest(panel["title"]):
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                for source in [panel, *panel["targets"]]:
                    self.assertEqual(source["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                self.assertNotIn((place["x"], place["y"]), places)
                places.add((place["x"], place["y"]))

    def test_asks_for_metrics_that_exist_by_the_chosen_namespace_and_job(self):
        known = documented_metrics()
        for panel in panels():
            for target in panel["targets"]:
                with self.subTest(panel["title"], query=target["expr"]):
                    names = METRIC.findall(target["expr"])
                    self.assertLessEqual({base_name(name) for name in names}, known)
                    chosen = target["expr"].count('namespace=~"$namespace", job=~"$job"')
                    self.assertEqual(chosen, len(names) + target["expr"].count("ALERTS{"))

    def test_names_runbooks_that_exist(self):
        for panel in panels():
            for name in re.findall(r"headrace-[a-z-]+", panel["description"]):
                with self.subTest(panel["title"]):
                    self.assertTrue((RUNBOOKS / f"{name}.md").is_file(), name)


class Alerts(unittest.TestCase):
    def test_ask_for_metrics_that_exist(self):
        known = documented_metrics()
        for alert, text in alerts().items():
            with self.subTest(alert):
                expression = text.partition("annotations:")[0]
                self.assertLessEqual({base_name(name) for name in METRIC.findall(expression)}, known)

    def test_have_a_severity_and_a_runbook_of_their_own(self):
        pages = set()
        for alert, text in alerts().items():
            with self.subTest(alert):
                self.assertRegex(text, r"labels: \{severity: (critical|warning)\}")
                self.assertIn(f"runbook: docs/runbooks/{kebab(alert)}.md\n", text)
                page = (RUNBOOKS / f"{kebab(alert)}.md").read_text(encoding="utf-8")
                self.assertTrue(page.startswith(f"# {alert}\n"))
                places = [page.find(section) for section in SECTIONS]
                self.assertTrue(places[0] > 0 and places == sorted(places), "its sections")
                pages.add(f"{kebab(alert)}.md")
        self.assertEqual(pages | {"README.md"}, {path.name for path in RUNBOOKS.iterdir()})

    def test_are_listed_with_their_severity(self):
        readme = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
        for alert, text in alerts().items():
            severity = re.search(r"severity: (\w+)", text).group(1)
            self.assertIn(f"| [{alert}]({kebab(alert)}.md) | {severity} |", readme)

    def test_are_each_tested_to_fire_and_to_stay_silent(self):
        files = sorted((ROOT / "tests/observe").glob("rules_*_test.yaml"))
        tests = "".join(path.read_text(encoding="utf-8") for path in files)
        for alert in alerts():
            with self.subTest(alert):
                self.assertRegex(tests, rf"alertname: {alert}\n +exp_alerts:\n")
                self.assertIn(f"alertname: {alert}, exp_alerts: []", tests)

    def test_say_the_values_that_they_saw(self):
        for alert, text in alerts().items():
            with self.subTest(alert):
                self.assertRegex(text, r"summary: .*\{\{ \$labels\.")

    def test_runbooks_show_commands_as_such(self):
        for path in sorted(RUNBOOKS.glob("headrace-*.md")):
            with self.subTest(path.name):
                firsts = re.findall(r"^## (?:Diagnosis|Silence)\n\n(.*)", path.read_text(encoding="utf-8"), re.M)
                self.assertEqual(len(firsts), 2)
                self.assertEqual([line for line in firsts if not line.startswith("    ")], [], "not indented")

    def test_runbooks_use_metrics_that_exist(self):
        known = documented_metrics()
        for path in sorted(RUNBOOKS.iterdir()):
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertLessEqual({base_name(name) for name in METRIC.findall(text)}, known)
                for target in re.findall(r"\]\(([^)#]+)", text):
                    self.assertTrue((RUNBOOKS / target).exists(), target)


if __name__ == "__main__":
    unittest.main(verbosity=1)
