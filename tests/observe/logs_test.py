"""Every line of the log is an event of docs/logs.md: in the sources, and in the JSON lines of a real run.

usage: logs_test.py PROGRAM
"""

import json
import os
import re
import signal
import sys
import tempfile
import unittest
from pathlib import Path

from headrace import Headrace, wait_for
from names import ROOT

PROGRAM = os.path.abspath(sys.argv[1])
ALWAYS = {"time", "level", "message"}
LEVELS = {"LogDebug": "debug", "LogInfo": "info", "LogWarn": "warning", "LogError": "error"}
STRING = r'"(?:[^"\\]|\\.)*"'
CHOSEN = r"(?:\bLogOf\(outcome\)|\([^;?]*\? Log\w+ : Log\w+\))"  # by a level of its own
CALL = re.compile(rf"(?:\b(Log(?:Debug|Info|Warn|Error))|{CHOSEN})\(\s*((?:{STRING}\s*)+)(.*?)\);", re.S)
QUEUES = """\
  simulate: {handler: simulate, workers: 1, capacity: 1, deadline: 1s, isolation: {mode: thread}}
  crash: {handler: command, command: [sh, -c, 'echo "a \\"b\\"" >&2; kill -SEGV $$'], workers: 1,
          isolation: {memory: 128MiB, allow_root: true}}
"""


def documented():
    """{message: (levels, fields)} of the table of events, and the fields of the table of fields."""
    events, fields = {}, set()
    for line in (ROOT / "docs/logs.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| `") else []
        if len(cells) == 3 and cells[1] not in ("text", "number") and "number" not in cells[1].split():
            message = cells[0].strip("`")
            levels = set(re.findall(r"\b(debug|info|warning|error)\b", cells[1]))
            events[message] = (levels, re.findall(r"`(\w+)`", cells[2]))
        elif cells:
            fields.update(re.findall(r"`(\w+)`", cells[0]))
    return events, fields


def logged():
    """(file, function or None, message, fields) of every call that logs."""
    for path in sorted((ROOT / "src").rglob("*.cc")):
        text = path.read_text(encoding="utf-8")
        if path.name in ("log.cc", "logging.cc"):
            continue
        for function, message, rest in CALL.findall(text):
            words = "".join(json.loads(part) for part in re.findall(STRING, message))
            yield path.name, function, words, re.findall(r'\{+"(\w+)",', rest)


def fill(pipe):
    """Writes to a pipe until nobody can. By a descriptor of its own: whether it blocks is shared by all that are one."""
    own = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    for size in (4096, 1):
        try:
            while True:
                os.write(own, b"x" * size)
        except BlockingIOError:
            pass
    os.close(own)


class Sources(unittest.TestCase):
    def test_log_documented_events_with_documented_fields(self):
        events, fields = documented()
        seen = set()
        for name, function, message, used in logged():
            with self.subTest(name, message=message):
                self.assertIn(message, events)
                levels, expected = events[message]
                self.assertEqual(used, expected)
                self.assertLessEqual(set(used), fields)
                if function:
                    self.assertEqual({LEVELS[function]}, levels)
                for place in re.findall(r"\{(\w+)\}", message):
                    self.assertIn(place, used)
                seen.add(message)
        self.assertEqual(set(events) - seen, set(), "events that nothing logs")

    def test_log_in_no_other_way(self):
        for path in sorted((ROOT / "src").rglob("*.cc")):
            if path.name in ("log.cc", "logging.cc"):
                continue
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertNotIn("spdlog::", text)
                calls = len(re.findall(r"\bLog(?:Debug|Info|Warn|Error)\(|LogOf\(outcome\)\(|\? Log\w+ : Log\w+\)\(", text))
                self.assertEqual(calls, len(CALL.findall(text)), "calls that this test cannot read")

    def test_every_documented_field_is_used(self):
        events, fields = documented()
        self.assertEqual(fields, {field for _, used in events.values() for field in used})


class Run(unittest.TestCase):
    def test_writes_json_lines_with_documented_names_only(self):
        events, _ = documented()
        with tempfile.TemporaryDirectory():
            with Headrace(PROGRAM, QUEUES, log="level: debug, format: json") as service:
                self.assertEqual(service.post("simulate", b"x", "ms=0")[0], 200)
                self.assertEqual(service.post("simulate", b"x", "ms=5000")[0], 504)
                self.assertEqual(service.post("crash", b"x")[0], 502)
                wait_for(lambda: "job stderr" in service.log.read_text(encoding="utf-8"))
                service.stop()
                lines = service.log.read_text(encoding="utf-8").splitlines()
        messages = [self.check(json.loads(line), events) for line in lines]
        for message in ("job accepted", "job ended", "job stderr", "stopping", "stopped: every job was answered"):
            self.assertIn(message, messages)
        ended = [json.loads(line) for line in lines if '"message":"job ended"' in line]
        self.assertEqual([line["outcome"] for line in ended], ["succeeded", "expired", "failed"])
        self.assertEqual(ended[2]["type"], "executor-crashed")
        self.assertIsInstance(ended[0]["run_seconds"], (int, float))

    def test_ends_at_the_second_signal_though_nobody_reads_its_log(self):
        reader, writer = os.pipe()
        with Headrace(PROGRAM, QUEUES, stderr=writer) as service:
            fill(writer)
            service.process.send_signal(signal.SIGTERM)
            self.assertTrue(wait_for(lambda: not service.started_or_dead()), "its stop waits for the log")
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(service.process.wait(20), 1)
        os.close(reader)
        os.close(writer)

    def check(self, line, events):
        """The message of the event that the line is of."""
        self.assertLessEqual(ALWAYS, set(line))
        for message, (levels, fields) in events.items():
            pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(message))
            known = set(line) - ALWAYS <= set(fields) and line["level"] in levels
            if known and re.fullmatch(pattern, line["message"], re.S):
                return message
        self.fail(f"no event of docs/logs.md: {line}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
