"""A real Prometheus scrapes real services: each alert of the chart is caused, fires, and resolves when the cause is
gone, and each query of the dashboard has data. A minute of the alerts' times is a second here.

usage: alerts_test.py PROGRAM WITHOUT_LAYER_PROGRAM DEAF_SERVICE_PROGRAM FOLDER_OF_PDFS
"""

import os
import sys
import threading
import time
import unittest
from contextlib import ExitStack

from causes import Bare, Deaf, Durable, Restless, Secure, Spooled, Work
from headrace import wait_for
from names import RULES, alerts, queries
from prometheus import Prometheus

PROGRAM, WITHOUT_LAYER, DEAF, FILES = (os.path.abspath(argument) for argument in sys.argv[1:5])
PATIENCE = 60
LASTING = "HeadraceSandboxLayerMissing"  # as long as the process that found it runs
# What Grafana puts in the place of its variables.
CHOICES = {"$namespace": ".*", "$job": ".*", "$queue": ".*", "$__rate_interval": "5s"}


class AlertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.began = time.time()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.causes = {"work": Work(PROGRAM, FILES), "bare": Bare(PROGRAM, WITHOUT_LAYER), "durable": Durable(PROGRAM),
                      "spooled": Spooled(PROGRAM), "restless": Restless(PROGRAM), "secure": Secure(PROGRAM),
                      "deaf": Deaf(DEAF)}
        for cause in cls.causes.values():
            stack.callback(cause.close)
            stack.enter_context(cause.service)
        cls.prometheus = stack.enter_context(
            Prometheus(RULES, {job: cause.service.management for job, cause in cls.causes.items()}))
        cls.wanted = {(alert, job, queue) for job, cause in cls.causes.items() for alert, queue in cause.alerts}
        wait_for(lambda: len(cls.causes) in cls.prometheus.recent("sum(headrace_ready)"))

    def missing(self, seen):
        """What of `wanted` has not fired; adds what fires now to `seen`."""
        for labels in self.prometheus.firing():
            seen.add((labels["alertname"], labels.get("job"), labels.get("queue")))
        return self.wanted - seen

    def test_1_each_alert_fires(self):
        threads = [threading.Thread(target=cause.begin, args=(self.prometheus,)) for cause in self.causes.values()]
        for thread in threads:
            thread.start()
        seen = set()
        wait_for(lambda: not self.missing(seen), PATIENCE, 0.25)
        for thread in threads:
            thread.join()
        self.assertEqual(self.missing(seen), set())
        self.assertEqual([one for one in seen if one[2] == "quiet"], [], "alerts of a queue that is well")

    def test_2_each_alert_resolves(self):
        for cause in self.causes.values():
            cause.end()
        wait_for(lambda: not self.firing(but=LASTING), PATIENCE, 0.25)
        self.assertEqual(self.firing(but=LASTING), set())

    def firing(self, but=""):
        return {labels["alertname"] for labels in self.prometheus.firing()} - {but}

    def test_3_the_system_that_lacked_a_layer_is_replaced(self):
        self.causes["bare"].service.stop()
        wait_for(lambda: LASTING not in self.firing(), PATIENCE)
        self.assertNotIn(LASTING, self.firing())

    def test_4_each_query_of_the_dashboard_has_data(self):
        for title, query in queries():
            for name, value in CHOICES.items():
                query = query.replace(name, value)
            with self.subTest(title, query=query):
                self.assertTrue(self.prometheus.values(query, self.began, time.time()))

    def test_5_every_rule_could_be_evaluated(self):
        self.assertEqual(self.prometheus.rule_problems(), [])

    def test_6_no_alert_was_forgotten(self):
        caused = {alert for cause in self.causes.values() for alert, _ in cause.alerts}
        self.assertEqual(caused, set(alerts()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
